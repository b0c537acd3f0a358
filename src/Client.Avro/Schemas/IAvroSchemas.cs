using Avro;

namespace Loire.Client.Avro;

/// <summary>Finds the schemas that values in single-object encoding were written with. Called by several threads at once.</summary>
public interface IAvroSchemas
{
    /// <summary>
    /// The schema of a fingerprint; null if it is unknown. A serde looks up a known schema once, and an unknown one each time.
    /// </summary>
    Schema? Find(AvroFingerprint fingerprint);
}
