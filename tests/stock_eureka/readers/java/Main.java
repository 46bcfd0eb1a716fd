import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Reads files with every reader that could meet them, in one JVM.
 *
 * <p>{@code java Main.java OUT PATH...}, where OUT is what Maven built. Prints a line
 * {@code reader TAB path TAB key TAB value} a property.
 */
public class Main {

    public static void main(String[] arguments) throws Exception {
        Path out = Path.of(arguments[0]);
        Map<String, Function<Path, Map<String, String>>> readers = new TreeMap<>();
        readers.put("java", Main::readProperties);
        readers.put("spring-boot-2.7", load(out.resolve("spring-boot-2.7"), "SpringReader"));
        readers.put("spring-boot-3.5", load(out.resolve("spring-boot-3.5"), "SpringReader"));
        readers.put("archaius", load(out.resolve("archaius"), "ArchaiusReader"));
        for (String argument : List.of(arguments).subList(1, arguments.length)) {
            for (String reader : readersOf(argument)) {
                readers.get(reader).apply(Path.of(argument)).forEach(
                        (key, value) -> System.out.println(String.join("\t", reader, argument, key, value)));
            }
        }
    }

    private static List<String> readersOf(String path) {
        if (path.endsWith("archaius.properties")) {
            return List.of("java", "archaius");
        }
        if (path.endsWith(".properties")) {
            return List.of("java", "spring-boot-2.7", "spring-boot-3.5");
        }
        return List.of("spring-boot-2.7", "spring-boot-3.5");
    }

    private static Map<String, String> readProperties(Path path) {
        Properties properties = new Properties();
        try (InputStream stream = Files.newInputStream(path)) {
            properties.load(stream);
        } catch (IOException error) {
            throw new IllegalArgumentException(error);
        }
        Map<String, String> answer = new TreeMap<>();
        properties.forEach((key, value) -> answer.put("raw:" + key, value.toString()));
        return answer;
    }

    /** A reader with libraries of its own: two releases of Spring Boot do not share a class path. */
    @SuppressWarnings("unchecked")
    private static Function<Path, Map<String, String>> load(Path module, String reader) throws Exception {
        List<URL> urls = new ArrayList<>();
        urls.add(module.resolve("classes").toUri().toURL());
        try (Stream<Path> jars = Files.list(module.resolve("lib"))) {
            for (Path jar : jars.toList()) {
                urls.add(jar.toUri().toURL());
            }
        }
        ClassLoader parent = ClassLoader.getPlatformClassLoader();
        ClassLoader loader = new URLClassLoader(urls.toArray(URL[]::new), parent);
        Thread.currentThread().setContextClassLoader(loader);
        return (Function<Path, Map<String, String>>) loader.loadClass(reader).getConstructor().newInstance();
    }
}
