using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Brokers;

/// <summary>
/// The encoding of <see cref="BrokerRegistry"/>. Big-endian; a text is a 2-byte length and UTF-8, the length 65535 is none.
/// <code>
///   1 layout, now 1 | cluster id | 4 count | count × broker
///   broker   4 id | 8 epoch | 1 phase | rack or none | http or none | silo | version | 8 milliseconds since 1970
/// </code>
/// Golden bytes: BrokerRulesTests.
/// </summary>
public static class BrokerRegistryCodec
{
    private const byte Layout = 1;

    /// <summary>Writes a registry.</summary>
    public static ReadOnlyMemory<byte> Write(BrokerRegistry registry)
    {
        var writer = new FieldWriter().Byte(Layout).Text(registry.ClusterId).Int32(registry.Brokers.Count);
        foreach (var broker in registry.Brokers.Values)
        {
            writer.Int32(broker.Id).Int64(broker.Epoch).Byte((byte)broker.Phase).Text(broker.Rack).Text(broker.Http)
                .Text(broker.Silo).Text(broker.Version).Int64(broker.StartedAt.Milliseconds);
        }

        return writer.Written;
    }

    /// <summary>Reads a registry; false unless the bytes are a valid registry of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out BrokerRegistry? registry)
    {
        var reader = new FieldReader(bytes);
        registry = null;
        if (reader.Byte() != Layout || !reader.TryText(out var clusterId) || reader.Int32() is var count && (count < 0 || count > Limits.Brokers))
        {
            return false;
        }

        var brokers = ImmutableSortedDictionary.CreateBuilder<int, BrokerRecord>();
        for (; count > 0; count--)
        {
            var (id, epoch, phase, rack, http) = (reader.Int32(), reader.Int64(), (BrokerPhase)reader.Byte(), reader.Text(), reader.Text());
            if (!reader.TryText(out var silo) || !reader.TryText(out var version) || id < 0 || epoch < 1 || !Enum.IsDefined(phase))
            {
                return false;
            }

            brokers[id] = new BrokerRecord(id, epoch, phase, rack, http, silo, version, new Timestamp(reader.Int64()));
        }

        registry = reader.IsComplete ? new BrokerRegistry(clusterId, brokers.ToImmutable()) : null;
        return registry is not null;
    }
}
