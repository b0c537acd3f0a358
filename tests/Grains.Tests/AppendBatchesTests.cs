using System.Buffers;
using Loire.Grains.Interfaces.Partitions;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Session;

namespace Loire.Grains.Tests;

/// <summary>How the batches of an append are held, and travel between processes.</summary>
public sealed class AppendBatchesTests : IDisposable
{
    private readonly ServiceProvider _serializer = new ServiceCollection()
        .AddSerializer(serializer => serializer.AddAssembly(typeof(AppendBatches).Assembly))
        .BuildServiceProvider();

    public static TheoryData<int[]> Sizes { get; } = [[], [0], [70_000], [16, 100_000, 16, 1, 0, 5_000]];

    public void Dispose() => _serializer.Dispose();

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Pieces_travel_as_one_in_the_bytes_that_processes_of_earlier_versions_read_and_write(int[] sizes)
    {
        var sent = Pieces(sizes);
        var joined = sent.Join();
        var bytes = Write((ref Writer<ArrayBufferWriter<byte>> writer) => new AppendBatchesCodec().WriteField(ref writer, 0, typeof(AppendBatches), sent));
        Assert.Equal(Write((ref Writer<ArrayBufferWriter<byte>> writer) => ReadOnlyMemoryOfByteCodec.WriteField(ref writer, 0, joined)), bytes);
        using var session = Session();
        var reader = Reader.Create(bytes, session);
        var field = reader.ReadFieldHeader();
        var read = new AppendBatchesCodec().ReadValue(ref reader, field);
        Assert.Equal(1, read.Pieces.Length);
        Assert.True(joined.Span.SequenceEqual(read.First));
    }

    [Fact]
    public void A_whole_request_arrives_with_what_follows_its_batches()
    {
        var serializer = _serializer.GetRequiredService<Serializer>();
        var request = new AppendRequest(Pieces([16, 300, 5]), Model.Acks.All, ExpectedOffset: new(7));
        var read = serializer.Deserialize<AppendRequest>(serializer.SerializeToArray(request))!;
        Assert.Equal((request with { Batches = default }, 321), (read with { Batches = default }, read.Batches.Length));
        Assert.True(request.Batches.Join().Span.SequenceEqual(read.Batches.First));
    }

    [Fact]
    public void Any_part_has_the_bytes_that_lie_there()
    {
        var whole = Pieces([3, 0, 4, 1]);
        var joined = whole.Join();
        for (var start = 0; start <= whole.Length; start++)
        {
            for (var length = 0; length <= whole.Length - start; length++)
            {
                var part = whole.Slice(start, length);
                Assert.Equal(length, part.Length);
                Assert.True(joined.Span.Slice(start, length).SequenceEqual(part.Join().Span));
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => whole.Slice(1, whole.Length));
        Assert.Throws<ArgumentOutOfRangeException>(() => whole.Slice(-1, 1));
    }

    private delegate void Writing(ref Writer<ArrayBufferWriter<byte>> writer);

    private static AppendBatches Pieces(int[] sizes) => new([.. sizes.Select((size, index) => (ReadOnlyMemory<byte>)Enumerable.Repeat((byte)index, size).ToArray())]);

    private SerializerSession Session() => _serializer.GetRequiredService<SerializerSessionPool>().GetSession();

    private byte[] Write(Writing write)
    {
        using var session = Session();
        var buffer = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(buffer, session);
        write(ref writer);
        writer.Commit();
        return buffer.WrittenSpan.ToArray();
    }
}
