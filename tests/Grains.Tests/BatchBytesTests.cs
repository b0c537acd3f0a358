using System.Buffers;
using Loire.Grains.Interfaces.Partitions;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Session;

namespace Loire.Grains.Tests;

/// <summary>How the batches of an answer travel between processes.</summary>
public sealed class BatchBytesTests : IDisposable
{
    private readonly ServiceProvider _serializer = new ServiceCollection()
        .AddSerializer(serializer => serializer.AddAssembly(typeof(BatchBytes).Assembly))
        .BuildServiceProvider();

    public static TheoryData<int[]> Sizes { get; } = [[], [0], [16, 100_000, 16, 1, 0, 5_000], [.. Enumerable.Repeat(16, 1_000)]];

    public void Dispose() => _serializer.Dispose();

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Pieces_arrive_as_they_were_sent_and_take_little_more_than_their_bytes(int[] sizes)
    {
        var sent = Pieces(sizes);
        var bytes = Write(new BatchBytesCodec(), sent);
        Assert.Equal(Texts(sent), Texts(Read(bytes)));
        Assert.InRange(bytes.Length, 1, sizes.Sum() + (4 * sizes.Length) + 16);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Brokers_of_versions_from_before_the_form_send_and_get_an_array(int[] sizes)
    {
        var sent = Pieces(sizes);
        var bytes = Write(new BatchBytesCodec(new BatchBytesForm { IsCompact = false }), sent);
        Assert.Equal(Texts(sent), Texts(Read(bytes)));
        using var session = Session();
        var reader = Reader.Create(bytes, session);
        var field = reader.ReadFieldHeader();
        Assert.Equal(Texts(sent), Texts(ArrayForm().ReadValue(ref reader, field)!));
    }

    [Fact]
    public void A_whole_answer_takes_little_more_than_its_batches()
    {
        var serializer = _serializer.GetRequiredService<Serializer>();
        var answer = new FetchResult(
            Model.ErrorCode.None, Pieces([16, 50_000]), new(1), new(Model.ErrorCode.None, new(0), new(1), new(1), new(1), new(0)), null);
        var bytes = serializer.SerializeToArray(answer);
        Assert.InRange(bytes.Length, 50_016, 50_300);
        Assert.Equal(Texts(answer.Bytes), Texts(serializer.Deserialize<FetchResult>(bytes)!.Bytes));
    }

    [Fact]
    public void Damaged_lengths_are_refused()
    {
        int[] sizes = [16, 300, 5];
        var bytes = Write(new BatchBytesCodec(), Pieces(sizes));
        var count = bytes.Length - sizes.Sum() - (4 * sizes.Length) - 4;
        int[] lengths = [count, count + 4, count + 8 + sizes[0], count + 12 + sizes[0] + sizes[1]];
        foreach (var at in lengths)
        {
            foreach (var flip in (byte[])[1, 0x80, 0xFF])
            {
                var damaged = bytes.ToArray();
                damaged[at] ^= flip;
                Assert.Throws<InvalidDataException>(() => Read(damaged));
            }
        }
    }

    private static BatchBytes Pieces(int[] sizes) => new([.. sizes.Select((size, index) => (ReadOnlyMemory<byte>)Enumerable.Repeat((byte)index, size).ToArray())]);

    private static List<string> Texts(IEnumerable<ReadOnlyMemory<byte>> pieces) => [.. pieces.Select(piece => Convert.ToHexString(piece.Span))];

    private static ArrayCodec<ReadOnlyMemory<byte>> ArrayForm() => new(new ReadOnlyMemoryCodec<byte>(new ByteCodec()));

    private SerializerSession Session() => _serializer.GetRequiredService<SerializerSessionPool>().GetSession();

    private byte[] Write(BatchBytesCodec codec, BatchBytes value)
    {
        using var session = Session();
        var buffer = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(buffer, session);
        codec.WriteField(ref writer, 0, typeof(BatchBytes), value);
        writer.Commit();
        return buffer.WrittenSpan.ToArray();
    }

    private BatchBytes Read(byte[] bytes)
    {
        using var session = Session();
        var reader = Reader.Create(bytes, session);
        var field = reader.ReadFieldHeader();
        return new BatchBytesCodec().ReadValue(ref reader, field);
    }
}
