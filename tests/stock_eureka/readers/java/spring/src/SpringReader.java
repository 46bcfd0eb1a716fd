import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.ConfigTreePropertySource;
import org.springframework.boot.env.PropertiesPropertySourceLoader;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.FileSystemResource;

/**
 * Reads a file as Spring Boot does, down to the map that Eureka's settings hold.
 *
 * <p>Keys of the answer: {@code raw:} as in the property source, {@code bound:} as
 * {@code EurekaClientConfigBean.serviceUrl} gets them, placeholders resolved.
 */
public class SpringReader implements Function<Path, Map<String, String>> {

    /** What a server finds in its own settings, below ours. */
    private static final Map<String, Object> OF_THE_IMAGE =
            Map.of(
                    "eureka.client.serviceUrl.defaultZone", "http://localhost:8761/eureka/",
                    "EUREKA_USER", "hans",
                    "EUREKA_PASSWORD", "geheim");

    @Override
    public Map<String, String> apply(Path path) {
        try {
            List<PropertySource<?>> sources = load(path);
            Map<String, String> answer = new TreeMap<>();
            for (PropertySource<?> source : sources) {
                for (String name : ((EnumerablePropertySource<?>) source).getPropertyNames()) {
                    answer.put("raw:" + name, String.valueOf(source.getProperty(name)));
                }
            }
            bind(sources).forEach((name, value) -> answer.put("bound:" + name, value));
            return answer;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static List<PropertySource<?>> load(Path path) throws IOException {
        String name = path.getFileName().toString();
        FileSystemResource resource = new FileSystemResource(path.toFile());
        if (Files.isDirectory(path)) {
            // As ConfigTreeConfigDataLoader has it.
            var option = ConfigTreePropertySource.Option.AUTO_TRIM_TRAILING_NEW_LINE;
            return List.of(new ConfigTreePropertySource(name, path, option));
        }
        if (name.endsWith(".yaml")) {
            return new YamlPropertySourceLoader().load(name, resource);
        }
        if (name.endsWith(".env")) {
            return List.of(environment(path));
        }
        return new PropertiesPropertySourceLoader().load(name, resource);
    }

    /** The environment of a container whose variables the kubelet took from the file. */
    private static PropertySource<?> environment(Path path) throws IOException {
        Map<String, Object> variables = new LinkedHashMap<>();
        for (String line : Files.readAllLines(path)) {
            int equals = line.indexOf('=');
            String quoted = line.substring(equals + 1);
            variables.put(line.substring(0, equals), quoted.substring(1, quoted.length() - 1));
        }
        // The name tells the binder to map variables to properties.
        String name = StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME;
        return new SystemEnvironmentPropertySource(name, variables);
    }

    private static Map<String, String> bind(List<PropertySource<?>> sources) {
        StandardEnvironment environment = new StandardEnvironment();
        MutablePropertySources all = environment.getPropertySources();
        all.forEach(source -> all.remove(source.getName()));
        sources.forEach(all::addLast);
        all.addLast(new MapPropertySource("of the image", new HashMap<>(OF_THE_IMAGE)));
        return Binder.get(environment)
                .bind("eureka.client.service-url", Bindable.mapOf(String.class, String.class))
                .get();
    }
}
