using System.Collections.Concurrent;
using Avro;

namespace Loire.Client.Avro;

/// <summary>The schemas that a program ships with: all versions that were ever written.</summary>
public sealed class InMemoryAvroSchemas : IAvroSchemas
{
    private readonly ConcurrentDictionary<AvroFingerprint, Schema> _schemas = [];

    /// <param name="schemas">The first schemas.</param>
    public InMemoryAvroSchemas(params Schema[] schemas)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        foreach (var schema in schemas)
        {
            Add(schema);
        }
    }

    /// <summary>Adds a schema, unless one of the same fingerprint is present.</summary>
    public AvroFingerprint Add(Schema schema)
    {
        var fingerprint = AvroFingerprint.Of(schema);
        _schemas.TryAdd(fingerprint, schema);
        return fingerprint;
    }

    /// <inheritdoc/>
    public Schema? Find(AvroFingerprint fingerprint) => _schemas.GetValueOrDefault(fingerprint);
}
