using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Tests.Wire;

/// <summary>What is written for a client.</summary>
public class KafkaWriterTests
{
    [Theory]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(20_000)]
    public void A_tagged_field_of_any_size_has_its_size_before_it(int length)
    {
        var request = new FetchRequest { ClusterId = new string('c', length), RackId = "r" };
        var read = new FetchRequest();
        var reader = new KafkaReader(MessageBytes.Encode(request, 12));
        read.Read(ref reader, 12);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(request.ClusterId, read.ClusterId);
    }

    [Fact]
    public void Tagged_fields_at_their_defaults_are_left_out()
    {
        var plain = MessageBytes.Encode(new ApiVersionsResponse(), 3);
        Assert.Equal(plain, MessageBytes.Encode(new ApiVersionsResponse { FinalizedFeaturesEpoch = -1, SupportedFeatures = [], ZkMigrationReady = false }, 3));
        Assert.NotEqual(plain, MessageBytes.Encode(new ApiVersionsResponse { FinalizedFeaturesEpoch = 0 }, 3));
    }

    [Fact]
    public void Fields_that_the_version_lacks_are_left_out_silently()
    {
        var answer = new MetadataResponse { ThrottleTimeMs = 5, ClusterId = "loire", ControllerId = 1 };
        Assert.Equal("00000000" + "00000000", Convert.ToHexStringLower(MessageBytes.Encode(answer, 0)));
    }

    [Fact]
    public void Null_where_the_version_allows_none_is_an_error_of_the_caller()
    {
        var request = new MetadataRequest { Topics = null };
        Assert.Throws<InvalidOperationException>(() => MessageBytes.Encode(request, 0));
        Assert.Equal("ffffffff", Convert.ToHexStringLower(MessageBytes.Encode(request, 1)));
        Assert.Throws<InvalidOperationException>(() => OutgoingFrame.Request(new RequestHeader(KafkaApi.Of(ApiKey.Metadata), 0, 1, "c"), request));
    }

    [Fact]
    public void A_string_that_no_length_can_express_is_an_error_of_the_caller()
    {
        Assert.NotEmpty(MessageBytes.Encode(new FindCoordinatorRequest { Key = new string('k', short.MaxValue) }, 0));
        Assert.Throws<InvalidOperationException>(() => MessageBytes.Encode(new FindCoordinatorRequest { Key = new string('k', short.MaxValue + 1) }, 0));
        Assert.Throws<InvalidOperationException>(() => MessageBytes.Encode(new FindCoordinatorRequest { Key = new string('é', 20_000) }, 0));
    }

    /// <summary>Pieces below and above the size from which they are attached, in any number.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(18)]
    public void Records_in_pieces_are_sent_in_their_order_without_being_copied_first(short version)
    {
        var random = new Random(11);
        byte[][] pieces = [.. new[] { 3_000, 10, 0, 1_024, 1_023, 50_000 }.Select(size => Bytes(random, size))];
        var answer = new FetchResponse
        {
            Responses =
            [
                new()
                {
                    Topic = "t",
                    Partitions =
                    [
                        new() { PartitionIndex = 1, Records = new RecordBytes([.. pieces.Select(piece => new ReadOnlyMemory<byte>(piece))]) },
                        new() { PartitionIndex = 2 },
                        new() { PartitionIndex = 3, Records = new RecordBytes(pieces[0]), CurrentLeader = new() { LeaderId = 4, LeaderEpoch = 5 } },
                    ],
                },
            ],
            NodeEndpoints = version >= 16 ? [new() { NodeId = 4, Host = "h", Port = 9 }] : [],
        };
        using var frame = OutgoingFrame.Response(new RequestHeader(KafkaApi.Of(ApiKey.Fetch), version, 77, "c"), answer);
        var bytes = frame.ToArray();
        Assert.Equal(bytes.Length, frame.Length);

        var reader = new KafkaReader(bytes);
        Assert.Equal(bytes.Length - sizeof(int), reader.ReadInt32());
        Assert.Equal(77, reader.ReadInt32());
        if (version >= 12)
        {
            reader.SkipTags();
        }

        var read = new FetchResponse();
        read.Read(ref reader, version);
        Assert.Equal(0, reader.Remaining);
        var partitions = Assert.Single(read.Responses).Partitions;
        Assert.Equal(pieces.SelectMany(piece => piece), partitions[0].Records.ToMemory().ToArray());
        Assert.False(partitions[1].Records.IsNull);
        Assert.Equal(0, partitions[1].Records.Length);
        Assert.Equal(pieces[0], partitions[2].Records.ToMemory().ToArray());
        Assert.Equal(version >= 12 ? 4 : null, partitions[2].CurrentLeader?.LeaderId);
        Assert.Equal(version >= 16 ? 1 : 0, read.NodeEndpoints.Length);
    }

    [Fact]
    public void Writing_an_answer_without_records_allocates_nothing()
    {
        var header = new RequestHeader(KafkaApi.Of(ApiKey.Heartbeat), 4, 1, "c");
        var answer = new HeartbeatResponse();
        Send();
        Send();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Send();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Send()
        {
            using var frame = OutgoingFrame.Response(header, answer);
            Assert.True(frame.Length == 16);
        }
    }

    private static byte[] Bytes(Random random, int size)
    {
        var bytes = new byte[size];
        random.NextBytes(bytes);
        return bytes;
    }
}
