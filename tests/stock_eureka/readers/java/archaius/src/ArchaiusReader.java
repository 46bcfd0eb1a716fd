import com.netflix.config.AbstractPollingScheduler;
import com.netflix.config.ConcurrentCompositeConfiguration;
import com.netflix.config.ConcurrentMapConfiguration;
import com.netflix.config.ConfigurationBackedDynamicPropertySupportImpl;
import com.netflix.config.DynamicConfiguration;
import com.netflix.config.sources.URLConfigurationSource;
import java.net.MalformedURLException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** Reads a file as a polled source of Archaius, through the support that dynamic properties use. */
public class ArchaiusReader implements Function<Path, Map<String, String>> {

    /** Polls once, when it is started. */
    private static class Once extends AbstractPollingScheduler {
        @Override
        protected void schedule(Runnable poll) {}

        @Override
        public void stop() {}
    }

    @Override
    public Map<String, String> apply(Path path) {
        try {
            URLConfigurationSource source = new URLConfigurationSource(path.toUri().toURL());
            DynamicConfiguration file = new DynamicConfiguration(source, new Once());
            ConcurrentCompositeConfiguration all = new ConcurrentCompositeConfiguration();
            all.addConfiguration(file);
            all.addConfiguration(
                    new ConcurrentMapConfiguration(Map.of("EUREKA_USER", "hans", "EUREKA_PASSWORD", "geheim")));
            ConfigurationBackedDynamicPropertySupportImpl support =
                    new ConfigurationBackedDynamicPropertySupportImpl(all);
            Map<String, String> answer = new TreeMap<>();
            for (Iterator<String> keys = file.getKeys(); keys.hasNext(); ) {
                String key = keys.next();
                answer.put("resolved:" + key, support.getString(key));
            }
            return answer;
        } catch (MalformedURLException error) {
            throw new IllegalArgumentException(error);
        }
    }
}
