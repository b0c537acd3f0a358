namespace Loire.Client.Avro;

/// <summary>Where the schemas are found that data was written with. Called by several threads at once.</summary>
public interface IAvroSchemas
{
    /// <summary>
    /// The schema of a fingerprint; null if it is not known. Asked once for each schema that is found, and again for others.
    /// </summary>
    AvroSchema? Find(AvroFingerprint fingerprint);
}
