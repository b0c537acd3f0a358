using Avro;

namespace Loire.Client.Avro;

/// <summary>Finds the schemas that values in single-object encoding were written with. Called by several threads at once.</summary>
public interface IAvroSchemas
{
    /// <summary>
    /// The schema of a fingerprint; null if it is unknown. A serde asks once for each schema that is found, and again for one that is not.
    /// </summary>
    Schema? Find(AvroFingerprint fingerprint);
}
