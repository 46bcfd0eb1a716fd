//! What a power failure would leave, by the order of the calls: no kill can show it.

use crate::life::Scene;
use crate::step::Step;

/// Each file is on the disk before readers see it, and so are the names in its directory; what readers
/// see is on the disk at the end.
pub(crate) fn is_survived(scene: Scene, all: &[Step]) {
    let swap = all.iter().position(|step| scene.is_swap(step)).expect("a whole publication");
    let synced =
        |object: &str, among: &[Step]| among.iter().any(|step| step.call == "fsync" && step.object == object);
    let made: Vec<_> = all.iter().filter(|step| step.makes && step.object != "..lock").collect();
    assert_eq!(made.len(), 2, "the list and the state: {made:?}");
    for step in made {
        assert!(synced(&step.object, &all[..swap]), "{} is not on the disk when it is seen", step.object);
    }
    for directory in all.iter().filter(|step| step.call == "mkdirat") {
        assert!(synced(&directory.object, &all[..swap]), "its names are not on the disk when they are seen");
    }
    assert!(synced("", &all[swap..]), "the new list is not on the disk at the end");
}
