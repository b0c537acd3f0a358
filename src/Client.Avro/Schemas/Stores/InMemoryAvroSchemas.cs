using System.Collections.Concurrent;

namespace Loire.Client.Avro;

/// <summary>The schemas that a program knows by itself: the versions that have ever been written.</summary>
public sealed class InMemoryAvroSchemas : IAvroSchemas
{
    private readonly ConcurrentDictionary<AvroFingerprint, AvroSchema> _schemas = [];

    /// <param name="schemas">The schemas to begin with.</param>
    public InMemoryAvroSchemas(params AvroSchema[] schemas)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        foreach (var schema in schemas)
        {
            Add(schema);
        }
    }

    /// <summary>Adds a schema. One of the same fingerprint that is already there stays.</summary>
    public AvroFingerprint Add(AvroSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        _schemas.TryAdd(schema.Fingerprint, schema);
        return schema.Fingerprint;
    }

    /// <inheritdoc/>
    public AvroSchema? Find(AvroFingerprint fingerprint) => _schemas.GetValueOrDefault(fingerprint);
}
