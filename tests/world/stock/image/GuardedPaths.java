package stock;

import java.util.List;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

/**
 * The security of the Spring Cloud Netflix documentation: Basic everywhere, and paths that are
 * exempt from CSRF protection. The documentation exempts /eureka/ only. Without the property the image
 * has nothing but what the security starter brings.
 */
@Configuration
@ConditionalOnProperty("stock.csrf-exempt")
public class GuardedPaths {
    @Bean
    public SecurityFilterChain guarded(HttpSecurity http, @Value("${stock.csrf-exempt}") List<String> exempt)
            throws Exception {
        http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated());
        http.httpBasic(Customizer.withDefaults());
        http.csrf(csrf -> csrf.ignoringRequestMatchers(
                request -> exempt.stream().anyMatch(request.getRequestURI()::startsWith)));
        return http.build();
    }
}
