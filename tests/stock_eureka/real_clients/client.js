// Registers with eureka-js-client as its users do, and stays: client.js ID URL,URL,URL
const { Eureka } = require('eureka-js-client');

const [id, servers] = process.argv.slice(2);
const client = new Eureka({
  instance: {
    app: id,
    instanceId: id,
    hostName: 'client.example',
    ipAddr: '192.0.2.11',
    port: { $: 80, '@enabled': true },
    vipAddress: id,
    dataCenterInfo: {
      '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo',
      name: 'MyOwn',
    },
    leaseInfo: { renewalIntervalInSecs: 5, durationInSecs: 30 },
  },
  eureka: {
    serviceUrls: { default: servers.split(',').map((url) => `${url}apps/`) },
    heartbeatInterval: 5000,
    registryFetchInterval: 5000,
    maxRetries: 10,
    requestRetryDelay: 500,
  },
});
client.start((error) => console.log(error ? `not registered: ${error}` : 'registered'));
