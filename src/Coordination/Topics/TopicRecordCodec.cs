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
///   8 PartitionsReported   4 count | count × report
///   9 Snapshot         fields of kind 7, of which there may be no brokers | fields of kind 8; written if the topic has reports
///   report             2 length of what follows, of which a reader skips what it does not know | 4 partition | 8 start | 8 end | 8 bytes
///                      | 8 bytes of the oldest part | 8 time of the oldest part, −1 for none | 8 version checked | 1 flags: bit 0 open | 8 at
///                      | compaction, only if it is known
///   compaction         8 clean to | 8 clean bytes | 8 dirty bytes | 8 dirty since, −1 for unknown | 8 newest dirty | 8 tombstones at | 8 version stalled
///   settings           2 count | count × (text name | text value), names in ordinal order
/// </code>
/// A new field requires a new layout number, which older code refuses; except at the end of a report: the first readers of kinds 8 and 9 ended after
/// <c>at</c>, and skip the compaction. Golden bytes: TopicRecordCodecTests.
/// </summary>
public static class TopicRecordCodec
{
    private const byte Layout = 1;
    private const int ReportBytes = 61;
    private const int CompactionBytes = 56;

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
            case TopicRecord.PartitionsReported reported:
                WriteReports(writer.Byte(8), reported.Reports);
                break;
            case TopicRecord.Snapshot { State: var state }:
                // Versions from before there were reports read kind 7; from before there were preferred leaders, kind 5.
                var kind = !state.Reports.IsEmpty ? 9 : !state.PreferredLeaders.IsEmpty ? 7 : 5;
                writer.Byte((byte)kind).Byte((byte)state.Phase).Int64(state.Version);
                WriteTopic(writer, state.Id, state.PartitionsCount, state.ReplicationFactor, state.Configs);
                if (kind >= 7)
                {
                    WriteLeaders(writer, state.PreferredLeaders);
                }

                if (kind >= 9)
                {
                    WriteReports(writer, [.. state.Reports.Values]);
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
            5 => ReadSnapshot(ref reader, hasLeaders: false, hasReports: false),
            6 => ReadLeaders(ref reader) is { } brokers ? new TopicRecord.PreferredLeadersSet(brokers) : null,
            7 => ReadSnapshot(ref reader, hasLeaders: true, hasReports: false),
            8 => ReadReports(ref reader) is { } reports ? new TopicRecord.PartitionsReported(reports) : null,
            9 => ReadSnapshot(ref reader, hasLeaders: true, hasReports: true),
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

    private static void WriteReports(FieldWriter writer, ImmutableArray<PartitionReport> reports)
    {
        writer.Int32(reports.Length);
        foreach (var report in reports)
        {
            writer.UInt16((ushort)(report.Compaction is null ? ReportBytes : ReportBytes + CompactionBytes))
                .Int32(report.Partition).Int64(report.Start.Value).Int64(report.End.Value)
                .Int64(report.Bytes).Int64(report.OldestBytes).Int64(report.OldestTime.Milliseconds)
                .Int64(report.CheckedVersion).Byte(report.IsOpen ? (byte)1 : (byte)0).Int64(report.At.Milliseconds);
            if (report.Compaction is { } log)
            {
                writer.Int64(log.CleanTo.Value).Int64(log.CleanBytes).Int64(log.DirtyBytes).Int64(log.DirtySince.Milliseconds)
                    .Int64(log.NewestDirty.Milliseconds).Int64(log.TombstonesAt.Milliseconds).Int64(log.StalledVersion);
            }
        }
    }

    private static ImmutableArray<PartitionReport>? ReadReports(ref FieldReader reader)
    {
        var count = reader.Int32();
        if (count is < 0 or > Limits.PartitionsPerTopic)
        {
            return null;
        }

        var reports = ImmutableArray.CreateBuilder<PartitionReport>(count);
        for (; count > 0; count--)
        {
            var longer = reader.UInt16() - ReportBytes;
            if (longer is < 0 or (> 0 and < CompactionBytes))
            {
                return null;
            }

            reports.Add(new PartitionReport(
                reader.Int32(), new Offset(reader.Int64()), new Offset(reader.Int64()), reader.Int64(), reader.Int64(),
                new Timestamp(reader.Int64()), reader.Int64(), (reader.Byte() & 1) != 0, new Timestamp(reader.Int64()),
                longer == 0 ? null : new CompactionReport(
                    new Offset(reader.Int64()), reader.Int64(), reader.Int64(), new Timestamp(reader.Int64()), new Timestamp(reader.Int64()),
                    new Timestamp(reader.Int64()), reader.Int64())));
            reader.Skip(longer == 0 ? 0 : longer - CompactionBytes);
        }

        return reports.MoveToImmutable();
    }

    private static TopicRecord.Snapshot? ReadSnapshot(ref FieldReader reader, bool hasLeaders, bool hasReports)
    {
        var (phase, version) = ((TopicPhase)reader.Byte(), reader.Int64());
        var topic = ReadCreated(ref reader);
        ImmutableArray<int>? leaders = hasLeaders ? ReadLeaders(ref reader) : [];
        ImmutableArray<PartitionReport>? reports = hasReports ? ReadReports(ref reader) : [];
        return phase is TopicPhase.Live or TopicPhase.Deleting && leaders is { } preferred && reports is { } known
            ? new TopicRecord.Snapshot(
                new TopicState(phase, version, topic.Id, topic.PartitionsCount, topic.ReplicationFactor, topic.Configs)
                {
                    PreferredLeaders = preferred,
                    Reports = TopicState.Absent.Reports.SetItems(known.Select(report => KeyValuePair.Create(report.Partition, report))),
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
