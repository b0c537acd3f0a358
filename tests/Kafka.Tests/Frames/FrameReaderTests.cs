using System.Buffers.Binary;
using System.IO.Pipelines;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Tests.Frames;

/// <summary>Frames from a stream of bytes.</summary>
public class FrameReaderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1_000_000)]
    public async Task Frames_arrive_whole_however_the_bytes_are_cut(int chunk)
    {
        byte[][] frames = [[], [1], [2, 3, 4, 5, 6], new byte[10_000], [7]];
        var (reader, writing) = Send([.. frames.SelectMany(Framed)], chunk);
        foreach (var frame in frames)
        {
            var length = await reader.ReadLengthAsync(CancellationToken.None);
            Assert.Equal(frame.Length, length);
            Assert.Equal(frame, await reader.ReadFrameAsync(length, CancellationToken.None));
        }

        Assert.Equal(-1, await reader.ReadLengthAsync(CancellationToken.None));
        await writing;
    }

    [Fact]
    public async Task A_frame_that_is_larger_than_the_pipe_does_not_wait_in_it()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4096, resumeWriterThreshold: 2048, useSynchronizationContext: false));
        var frame = new byte[1_000_000];
        new Random(3).NextBytes(frame);
        var writing = WriteAsync(pipe.Writer, Framed(frame), 1_000);
        var reader = new FrameReader(pipe.Reader);
        Assert.Equal(frame, await reader.ReadFrameAsync(await reader.ReadLengthAsync(CancellationToken.None), CancellationToken.None));
        await writing;
    }

    [Fact]
    public async Task A_part_of_a_length_does_not_wait_in_the_pipe()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 2, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var reading = new FrameReader(pipe.Reader).ReadLengthAsync(CancellationToken.None);
        await pipe.Writer.WriteAsync(new byte[] { 0, 0, 1 });
        await pipe.Writer.WriteAsync(new byte[] { 5 });
        Assert.Equal(0x105, await reading);
    }

    [Fact]
    public async Task A_stream_that_ends_anywhere_but_between_frames_is_malformed()
    {
        var bytes = Framed([1, 2, 3, 4, 5]);
        for (var length = 1; length < bytes.Length; length++)
        {
            var (reader, writing) = Send(bytes[..length], 1);
            var exception = await Assert.ThrowsAsync<MalformedMessageException>(async () =>
                await reader.ReadFrameAsync(await reader.ReadLengthAsync(CancellationToken.None), CancellationToken.None));
            Assert.Equal(MalformedReason.Truncated, exception.Reason);
            await writing;
        }
    }

    [Theory]
    [InlineData("ffffffff", "-1 bytes")]
    [InlineData("80000000", "-2147483648 bytes")]
    [InlineData("06400001", "104857601 bytes")]
    [InlineData("7fffffff", "2147483647 bytes")]
    [InlineData("16030100", "a TLS handshake")]
    [InlineData("47455420", "an HTTP GET")]
    [InlineData("504f5354", "an HTTP POST")]
    public async Task A_length_out_of_bounds_is_malformed_and_says_what_it_looks_like(string hex, string detail)
    {
        var (reader, writing) = Send(Convert.FromHexString(hex), 4);
        var exception = await Assert.ThrowsAsync<MalformedMessageException>(async () => await reader.ReadLengthAsync(CancellationToken.None));
        Assert.Equal(MalformedReason.FrameLength, exception.Reason);
        Assert.Contains(detail, exception.Message, StringComparison.Ordinal);
        await writing;
    }

    [Fact]
    public async Task The_largest_frame_is_admitted_and_a_smaller_bound_can_be_set()
    {
        var (reader, _) = Send(Convert.FromHexString("06400000"), 4);
        Assert.Equal(KafkaLimits.RequestBytes, await reader.ReadLengthAsync(CancellationToken.None));
        var (bounded, _) = Send(Convert.FromHexString("00080001"), 4, maximumBytes: 512 * 1024);
        await Assert.ThrowsAsync<MalformedMessageException>(async () => await bounded.ReadLengthAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Waiting_for_a_frame_can_be_cancelled()
    {
        var pipe = new Pipe();
        var reader = new FrameReader(pipe.Reader);
        using var stop = new CancellationTokenSource();
        var waiting = reader.ReadLengthAsync(stop.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static (FrameReader Reader, Task Writing) Send(byte[] bytes, int chunk, int maximumBytes = KafkaLimits.RequestBytes)
    {
        var pipe = new Pipe(new PipeOptions(useSynchronizationContext: false));
        return (new FrameReader(pipe.Reader, maximumBytes), WriteAsync(pipe.Writer, bytes, chunk));
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] bytes, int chunk)
    {
        foreach (var part in bytes.Chunk(chunk))
        {
            await writer.WriteAsync(part);
        }

        await writer.CompleteAsync();
    }

    private static byte[] Framed(byte[] frame)
    {
        var bytes = new byte[sizeof(int) + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
        frame.CopyTo(bytes, sizeof(int));
        return bytes;
    }
}
