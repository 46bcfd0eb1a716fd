"""Registers with py-eureka-client as its users do, and stays: client.py ID URL,URL,URL"""

import sys
import time

import py_eureka_client.eureka_client as eureka_client

instance_id, servers = sys.argv[1:]
eureka_client.init(
    eureka_server=servers,
    app_name=instance_id,
    instance_id=instance_id,
    instance_host="client.example",
    instance_ip="192.0.2.10",
    instance_port=80,
    renewal_interval_in_secs=5,
    duration_in_secs=30,
)
while True:
    time.sleep(1)
