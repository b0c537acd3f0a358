using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Loire.Model;

namespace Loire.Coordination.Brokers;

/// <summary>
/// The encoding of <see cref="BrokerRegistry"/>. Big-endian; a text is a 2-byte length and UTF-8, the length 65535 is none.
/// <code>
///   1 layout 1 | cluster id | 4 count | count × broker                      at feature level 0
///   1 layout 2 | cluster id | 4 feature level | 4 count | count × broker    above
///   broker   4 id | 8 epoch | 1 phase | rack or none | http or none | silo | version | 8 milliseconds since 1970 | in layout 2: levels
///   levels   4 lowest | 4 highest; −1 and −1 for none
/// </code>
/// Versions of level 0 know only layout 1, and keep its texts when they write it. So there the levels are part of the version, as build metadata of
/// semantic versioning: 1.0.0+levels.0-1. For the same reason the addresses for Kafka's clients are part of the version in both layouts, before the levels:
/// 1.0.0+kafka.127.0.0.1:9092. Golden bytes: BrokerRegistryCodecTests.
/// </summary>
public static class BrokerRegistryCodec
{
    private const byte LayoutOfLevel0 = 1;
    private const byte Layout = 2;
    private const string Levels = "+levels.";
    private const string Kafka = "+kafka.";

    /// <summary>Writes a registry.</summary>
    public static ReadOnlyMemory<byte> Write(BrokerRegistry registry)
    {
        var isLevel0 = registry.FeatureLevel < FeatureLevels.Registry;
        var writer = new FieldWriter().Byte(isLevel0 ? LayoutOfLevel0 : Layout).Text(registry.ClusterId);
        if (!isLevel0)
        {
            writer.Int32(registry.FeatureLevel);
        }

        writer.Int32(registry.Brokers.Count);
        foreach (var broker in registry.Brokers.Values)
        {
            var version = broker.Kafka is null ? broker.Version : $"{broker.Version}{Kafka}{broker.Kafka}";
            writer.Int32(broker.Id).Int64(broker.Epoch).Byte((byte)broker.Phase).Text(broker.Rack).Text(broker.Http)
                .Text(broker.Silo).Text(isLevel0 ? Join(version, broker.Features) : version).Int64(broker.StartedAt.Milliseconds);
            if (!isLevel0)
            {
                writer.Int32(broker.Features?.Lowest ?? -1).Int32(broker.Features?.Highest ?? -1);
            }
        }

        return writer.Written;
    }

    /// <summary>Whether the bytes are a registry in a layout that only later versions know.</summary>
    public static bool IsOfLaterVersion(ReadOnlySpan<byte> bytes) => bytes is [> Layout, ..];

    /// <summary>Reads a registry; false unless the bytes are a valid registry of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out BrokerRegistry? registry)
    {
        var reader = new FieldReader(bytes);
        registry = null;
        var layout = reader.Byte();
        if (layout is not (LayoutOfLevel0 or Layout) || !reader.TryText(out var clusterId))
        {
            return false;
        }

        var level = layout == Layout ? reader.Int32() : 0;
        var count = reader.Int32();
        if ((layout == Layout && level < FeatureLevels.Registry) || count < 0 || count > Limits.Brokers)
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

            var startedAt = new Timestamp(reader.Int64());
            FeatureRange? features = null;
            if (layout == LayoutOfLevel0)
            {
                (version, features) = Split(version);
            }
            else if (!TryLevels(ref reader, out features))
            {
                return false;
            }

            var at = version.LastIndexOf(Kafka, StringComparison.Ordinal);
            brokers[id] = new BrokerRecord(
                id, epoch, phase, rack, http, silo, at < 0 ? version : version[..at], startedAt, features, at < 0 ? null : version[(at + Kafka.Length)..]);
        }

        registry = reader.IsComplete ? new BrokerRegistry(clusterId, level, brokers.ToImmutable()) : null;
        return registry is not null;
    }

    private static bool TryLevels(ref FieldReader reader, out FeatureRange? levels)
    {
        var range = new FeatureRange(reader.Int32(), reader.Int32());
        levels = range.Lowest < 0 ? null : range;
        return range.Lowest <= range.Highest && (range.Lowest >= 0 || range == new FeatureRange(-1, -1));
    }

    private static string Join(string version, FeatureRange? levels) => levels is { } range
        ? string.Create(CultureInfo.InvariantCulture, $"{version}{Levels}{range.Lowest}-{range.Highest}")
        : version;

    private static (string Version, FeatureRange? Levels) Split(string text) =>
        text.LastIndexOf(Levels, StringComparison.Ordinal) is >= 0 and var at
        && text[(at + Levels.Length)..].Split('-') is [var lowest, var highest]
        && int.TryParse(lowest, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
        && int.TryParse(highest, NumberStyles.None, CultureInfo.InvariantCulture, out var to)
        && from <= to
            ? (text[..at], new FeatureRange(from, to))
            : (text, null);
}
