using System.Collections.Concurrent;
using Avro;

namespace Loire.Client.Avro;

/// <summary>The schemas that a program ships with: every version ever used to write values.</summary>
public sealed class InMemoryAvroSchemas : IAvroSchemas
{
    private readonly ConcurrentDictionary<AvroFingerprint, Schema> _schemas = [];

    /// <param name="schemas">The initial schemas.</param>
    public InMemoryAvroSchemas(params Schema[] schemas)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        foreach (var schema in schemas)
        {
            Add(schema);
        }
    }

    /// <summary>Adds a schema unless its fingerprint is present; returns the fingerprint.</summary>
    public AvroFingerprint Add(Schema schema)
    {
        var fingerprint = AvroFingerprint.Of(schema);
        _schemas.TryAdd(fingerprint, schema);
        return fingerprint;
    }

    /// <inheritdoc/>
    public Schema? Find(AvroFingerprint fingerprint) => _schemas.GetValueOrDefault(fingerprint);
}
