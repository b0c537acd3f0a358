using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// The encoding of <see cref="TopicRecord"/> in a topic's journal. Big-endian; a text is a 2-byte length and UTF-8; length 65535 encodes
/// null.
/// <code>
///   every record       1 layout, now 1 | 1 kind | fields
///   1 Created          16 topic id | 4 partitions | 2 replication factor | settings
///   2 PartitionsAdded  4 partitions
///   3 ConfigsAltered   settings; null resets one to its default
///   4 DeletionStarted
///   5 Snapshot         1 phase: 1 live, 2 deleting | 8 version | fields of Created
///   6 PreferredLeadersSet  4 count | count × 4 broker id; −1 encodes none
///   7 Snapshot         fields of kind 5 | fields of kind 6; written if the topic has preferred leaders
///   settings           2 count | count × (text name | text value), names in ordinal order
/// </code>
/// A new field requires a new layout number, which older code refuses. Golden bytes: TopicRecordCodecTests.
/// </summary>
public static class TopicRecordCodec
{
    private const byte Layout = 1;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(TopicRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case TopicRecord.Created created:
                writer.Byte(1);
                WriteTopic(writer, created.Id, created.PartitionsCount, created.ReplicationFactor, created.Configs);
                break;
            case TopicRecord.PartitionsAdded added:
                writer.Byte(2).Int32(added.PartitionsCount);
                break;
            case TopicRecord.ConfigsAltered altered:
                writer.Byte(3);
                WriteSettings(writer, altered.Changes);
                break;
            case TopicRecord.DeletionStarted:
                writer.Byte(4);
                break;
            case TopicRecord.PreferredLeadersSet set:
                WriteLeaders(writer.Byte(6), set.Brokers);
                break;
            case TopicRecord.Snapshot { State: var state }:
                // Versions from before there were preferred leaders read kind 5.
                writer.Byte(state.PreferredLeaders.IsEmpty ? (byte)5 : (byte)7).Byte((byte)state.Phase).Int64(state.Version);
                WriteTopic(writer, state.Id, state.PartitionsCount, state.ReplicationFactor, state.Configs);
                if (!state.PreferredLeaders.IsEmpty)
                {
                    WriteLeaders(writer, state.PreferredLeaders);
                }

                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TopicRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        if (reader.Byte() != Layout)
        {
            return false;
        }

        record = reader.Byte() switch
        {
            1 => ReadCreated(ref reader),
            2 => new TopicRecord.PartitionsAdded(reader.Int32()),
            3 => new TopicRecord.ConfigsAltered(ReadSettings(ref reader)),
            4 => new TopicRecord.DeletionStarted(),
            5 => ReadSnapshot(ref reader, hasLeaders: false),
            6 => ReadLeaders(ref reader) is { } brokers ? new TopicRecord.PreferredLeadersSet(brokers) : null,
            7 => ReadSnapshot(ref reader, hasLeaders: true),
            _ => null,
        };
        return record is not null && reader.IsComplete;
    }

    private static void WriteTopic(
        FieldWriter writer, TopicId id, int partitionsCount, short replicationFactor, ImmutableSortedDictionary<string, string> configs)
    {
        writer.Guid(id.Value).Int32(partitionsCount).UInt16((ushort)replicationFactor);
        WriteSettings(writer, configs);
    }

    private static void WriteSettings<T>(FieldWriter writer, ImmutableSortedDictionary<string, T> settings)
        where T : class?
    {
        writer.UInt16((ushort)settings.Count);
        foreach (var (name, value) in settings)
        {
            writer.Text(name).Text(value as string);
        }
    }

    private static TopicRecord.Created ReadCreated(ref FieldReader reader)
    {
        var (id, partitionsCount, replicationFactor) = (new TopicId(reader.Guid()), reader.Int32(), (short)reader.UInt16());
        var configs = ReadSettings(ref reader);
        return new TopicRecord.Created(id, partitionsCount, replicationFactor, TopicState.Absent.WithChanges(configs));
    }

    private static void WriteLeaders(FieldWriter writer, ImmutableArray<int> leaders)
    {
        writer.Int32(leaders.Length);
        foreach (var broker in leaders)
        {
            writer.Int32(broker);
        }
    }

    private static ImmutableArray<int>? ReadLeaders(ref FieldReader reader)
    {
        var count = reader.Int32();
        if (count is < 0 or > Limits.PartitionsPerTopic)
        {
            return null;
        }

        var leaders = ImmutableArray.CreateBuilder<int>(count);
        for (; count > 0; count--)
        {
            leaders.Add(reader.Int32());
        }

        return leaders.MoveToImmutable();
    }

    private static TopicRecord.Snapshot? ReadSnapshot(ref FieldReader reader, bool hasLeaders)
    {
        var (phase, version) = ((TopicPhase)reader.Byte(), reader.Int64());
        var topic = ReadCreated(ref reader);
        ImmutableArray<int>? leaders = hasLeaders ? ReadLeaders(ref reader) : [];
        return phase is TopicPhase.Live or TopicPhase.Deleting && leaders is { } preferred
            ? new TopicRecord.Snapshot(
                new TopicState(phase, version, topic.Id, topic.PartitionsCount, topic.ReplicationFactor, topic.Configs)
                {
                    PreferredLeaders = preferred,
                })
            : null;
    }

    private static ImmutableSortedDictionary<string, string?> ReadSettings(ref FieldReader reader)
    {
        var settings = ImmutableSortedDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        for (int left = reader.UInt16(); left > 0 && reader.TryText(out var name); left--)
        {
            settings[name] = reader.Text();
        }

        return settings.ToImmutable();
    }
}
