using System.Collections.Immutable;
using Loire.Coordination.Topics;
using Loire.Model;

namespace Loire.Coordination.Tests;

public class TopicRecordCodecTests
{
    private const string IdBytes = "00112233445566778899AABBCCDDEEFF";

    private const string ReportBytes = "003D" + "00000001" + "0000000000000002" + "0000000000000003" + "0000000000000004" + "0000000000000005"
        + "0000000000000006" + "0000000000000007" + "01" + "0000000000000008";

    private const string EmptyReportBytes = "003D" + EmptyReportContent;

    private const string EmptyReportContent = "00000002" + "0000000000000000" + "0000000000000000" + "0000000000000000" + "0000000000000000"
        + "FFFFFFFFFFFFFFFF" + "0000000000000000" + "00" + "0000000000000009";

    // As the first readers of reports know them, and what later ones read besides.
    private const string CompactedBytes = "0075" + "00000001" + "0000000000000002" + "0000000000000003" + "0000000000000004" + "0000000000000005"
        + "0000000000000006" + "0000000000000007" + "01" + "0000000000000008"
        + "0000000000000011" + "0000000000000012" + "0000000000000013" + "FFFFFFFFFFFFFFFF" + "0000000000000015" + "7FFFFFFFFFFFFFFF" + "0000000000000017";

    private static readonly PartitionReport Report =
        new(1, new Offset(2), new Offset(3), 4, 5, new Timestamp(6), 7, IsOpen: true, new Timestamp(8));

    private static readonly PartitionReport Compacted = Report with
    {
        Compaction = new CompactionReport(new Offset(17), 18, 19, Timestamp.None, new Timestamp(21), new Timestamp(long.MaxValue), 23),
    };

    /// <summary>Bytes in users' journals: every record ever written must remain readable.</summary>
    public static TheoryData<string, TopicRecord> Golden => new()
    {
        { "0101" + IdBytes + "00000003" + "0001" + "0000", new TopicRecord.Created(Topic.Id, 3, 1, Topic.Configs()) },
        {
            "0101" + IdBytes + "00000001" + "0001" + "0002" + "000E636C65616E75702E706F6C696379" + "0007636F6D70616374"
                + "000A7365676D656E742E6D73" + "000137",
            new TopicRecord.Created(Topic.Id, 1, 1, Topic.Configs(("segment.ms", "7"), ("cleanup.policy", "compact")))
        },
        { "0102" + "00002710", new TopicRecord.PartitionsAdded(10_000) },
        {
            "0103" + "0002" + "000C726574656E74696F6E2E6D73" + "00022D31" + "000A7365676D656E742E6D73" + "FFFF",
            new TopicRecord.ConfigsAltered(
                ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal).Add("segment.ms", null).Add("retention.ms", "-1"))
        },
        { "0104", new TopicRecord.DeletionStarted() },
        {
            "0105" + "01" + "0000000000000002" + IdBytes + "00000004" + "0001" + "0001" + "000A7365676D656E742E6D73" + "000137",
            new TopicRecord.Snapshot(Topic.Live(3, ("segment.ms", "7")).Apply(new TopicRecord.PartitionsAdded(4)))
        },
        {
            "0105" + "02" + "0000000000000002" + IdBytes + "00000003" + "0001" + "0000",
            new TopicRecord.Snapshot(Topic.Live(3).Apply(new TopicRecord.DeletionStarted()))
        },
        { "0106" + "00000003" + "00000001" + "FFFFFFFF" + "00000002", new TopicRecord.PreferredLeadersSet([1, -1, 2]) },
        {
            "0107" + "01" + "0000000000000002" + IdBytes + "00000002" + "0001" + "0000" + "00000002" + "00000003" + "00000001",
            new TopicRecord.Snapshot(Topic.Live(2).Apply(new TopicRecord.PreferredLeadersSet([3, 1])))
        },
        { "0108" + "00000002" + ReportBytes + EmptyReportBytes, new TopicRecord.PartitionsReported([Report, PartitionReport.Empty(2, new Timestamp(9))]) },
        {
            "0108" + "00000002" + CompactedBytes + EmptyReportBytes,
            new TopicRecord.PartitionsReported([Compacted, PartitionReport.Empty(2, new Timestamp(9))])
        },
        {
            "0109" + "01" + "0000000000000001" + IdBytes + "00000003" + "0001" + "0000" + "00000000" + "00000001" + CompactedBytes,
            new TopicRecord.Snapshot(Topic.Live(3).Apply(new TopicRecord.PartitionsReported([Compacted])))
        },
        {
            "0109" + "01" + "0000000000000001" + IdBytes + "00000003" + "0001" + "0000" + "00000000" + "00000001" + ReportBytes,
            new TopicRecord.Snapshot(Topic.Live(3).Apply(new TopicRecord.PartitionsReported([Report])))
        },
        {
            "0109" + "02" + "0000000000000003" + IdBytes + "00000002" + "0001" + "0000" + "00000002" + "00000003" + "00000001" + "00000001" + ReportBytes,
            new TopicRecord.Snapshot(Topic.Live(2).Apply(new TopicRecord.PreferredLeadersSet([3, 1])).Apply(new TopicRecord.PartitionsReported([Report]))
                .Apply(new TopicRecord.DeletionStarted()))
        },
    };

    [Fact]
    public void What_a_later_version_adds_to_a_report_is_skipped()
    {
        var longer = "0108" + "00000002" + "0077" + CompactedBytes[4..] + "ABCD" + EmptyReportBytes;
        Assert.True(TopicRecordCodec.TryRead(Convert.FromHexString(longer), out var read));
        Assert.Equal([Compacted, PartitionReport.Empty(2, new Timestamp(9))], Assert.IsType<TopicRecord.PartitionsReported>(read).Reports.AsEnumerable());
    }

    [Fact]
    public void A_report_begins_with_what_the_first_readers_of_reports_know()
    {
        Assert.Equal(ReportBytes[4..], CompactedBytes[4..ReportBytes.Length]);
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, TopicRecord record)
    {
        var written = TopicRecordCodec.Write(record).Span;
        Assert.Equal(bytes, Convert.ToHexString(written));
        Assert.True(TopicRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.Equal(record.GetType(), read.GetType());
        Assert.Equal(Convert.ToHexString(written), Convert.ToHexString(TopicRecordCodec.Write(read).Span));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_that_is_cut_or_longer_is_no_record(string bytes, TopicRecord record)
    {
        Assert.NotNull(record);
        var whole = Convert.FromHexString(bytes);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(TopicRecordCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(TopicRecordCodec.TryRead([.. whole, 0], out _));
    }

    [Theory]
    [InlineData("0204", "a layout of the future")]
    [InlineData("0004", "no layout")]
    [InlineData("010A", "an unknown kind")]
    [InlineData("010800002711", "more reports than partitions may be")]
    [InlineData("0108000000010000", "a report that is too short")]
    [InlineData("010800000001003F" + EmptyReportContent + "ABCD", "a report with half of what it says of compaction")]
    [InlineData("010600002711", "more preferred leaders than partitions may be")]
    [InlineData("0103FFFF", "more settings than bytes")]
    [InlineData("01030001FFFF0000", "a setting without a name")]
    [InlineData("010300010001FF0000", "a name that is no UTF-8")]
    [InlineData("010503" + "0000000000000002" + IdBytes + "00000003" + "0001" + "0000", "a phase that is none")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason)
    {
        Assert.False(TopicRecordCodec.TryRead(Convert.FromHexString(bytes), out _), reason);
    }

    [Fact]
    public void Flipped_bits_never_do_worse_than_another_record()
    {
        foreach (var row in Golden)
        {
            var bytes = Convert.FromHexString((string)((object[])row)[0]);
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var flipped = (byte[])bytes.Clone();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                TopicRecordCodec.TryRead(flipped, out _);
            }
        }
    }
}
