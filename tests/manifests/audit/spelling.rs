//! Which property a variable sets, in whatever spelling: Kubernetes takes dots, dashes and small letters
//! in names, and Spring compares without them.

/// The property of a peer list, and of every zone of it, as [`relaxed`] writes it.
const LIST: &str = "eurekaclientserviceurl";
/// The same of Netflix's own server, which takes it in this spelling alone.
const WAR_LIST: &str = "eureka.serviceUrl.";
/// Where a JVM, or the script that starts one, looks for options. The last one beats all others, and is
/// the only one beside `JAVA_TOOL_OPTIONS` that every `HotSpot` reads by itself.
const JVM_OPTIONS: [&str; 8] = [
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "JAVA_OPTIONS",
    "CATALINA_OPTS",
    "JVM_OPTS",
    "JAVA_ARGS",
    "_JAVA_OPTIONS",
];

/// Properties that a component decides, as [`relaxed`] writes them; see `docs/environment/`.
const DECIDED: [&str; 24] = [
    "eurekaclienteurekaserviceurlpollintervalseconds",
    "eurekaclientfetchregistry",
    "eurekaclientinitialinstanceinforeplicationintervalseconds",
    "eurekaclientinstanceinforeplicationintervalseconds",
    "eurekaclientondemandupdatestatuschange",
    "eurekaclientrefreshenable",
    "eurekaclientregisterwitheureka",
    "eurekainstancehostname",
    "eurekainstanceipaddress",
    "eurekainstancepreferipaddress",
    "eurekainstanceregistrydefaultopenfortrafficcount",
    "eurekaserverpeernodeconnecttimeoutms",
    "eurekaserverpeernodereadtimeoutms",
    "eurekaserverregistrysyncretries",
    "eurekaserverwaittimeinmswhensyncempty",
    "managementendpointhealthprobesaddadditionalpaths",
    "managementendpointhealthprobesenabled",
    "managementendpointswebexposureinclude",
    "managementserveraddress",
    "managementserverport",
    "springmainallowcircularreferences",
    "springsecurityusername",
    "springsecurityuserpassword",
    "serverport",
];
/// What a variable is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The list itself: it masks the file.
    List,
    /// `spring.config.import`.
    Import(Form),
    /// `spring.config.additional-location`.
    Location(Form),
    /// Several properties at once, before all other variables.
    Json,
    /// Options of the JVM.
    JvmOptions,
    /// Nothing in particular.
    Other,
}

/// One value, or one of several by number: Spring reads the numbered ones only where there is no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    Numbered,
}

/// A name without case and punctuation.
pub(super) fn relaxed(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// What a variable of this name is.
pub(super) fn meaning(name: &str) -> Meaning {
    if JVM_OPTIONS.contains(&name) {
        return Meaning::JvmOptions;
    }
    let relaxed = relaxed(name);
    // The property itself has no value, only its zones have: seen on 2021.0.9 and 2025.0.1.
    let is_a_zone = relaxed.strip_prefix(LIST).is_some_and(|zone| !zone.is_empty());
    if is_a_zone || name.starts_with(WAR_LIST) {
        return Meaning::List;
    }
    let numbered = relaxed.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let form = if numbered.len() == relaxed.len() { Form::Whole } else { Form::Numbered };
    match numbered {
        "springconfigimport" => Meaning::Import(form),
        "springconfigadditionallocation" => Meaning::Location(form),
        "springapplicationjson" => Meaning::Json,
        _ => Meaning::Other,
    }
}

/// Whether a text sets the list: an argument, an assignment in a script, a system property among options,
/// or a key in JSON.
pub(super) fn sets_the_list(text: &str) -> bool {
    let assigns = text.contains('=') || text.trim_start().starts_with('{');
    assigns && (relaxed(text).contains(LIST) || text.contains(WAR_LIST))
}

/// Whether a component decides this property.
pub(super) fn is_decided(name: &str) -> bool {
    DECIDED.contains(&relaxed(name).as_str())
}

/// Properties that a text sets before all variables, as they stand there: arguments (`--name=value`) and
/// system properties (`-Dname=value`).
pub(super) fn properties(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| letter.is_whitespace() || "\"';".contains(letter));
    let named = words.filter_map(|word| word.strip_prefix("--").or_else(|| word.strip_prefix("-D")));
    named.filter_map(|word| Some(word.split_once('=')?.0))
}
