package stock;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;

/** The server of the Spring Cloud Netflix documentation, word for word. */
@SpringBootApplication
@EnableEurekaServer
public class StockEureka {
    public static void main(String[] arguments) {
        SpringApplication.run(StockEureka.class, arguments);
    }
}
