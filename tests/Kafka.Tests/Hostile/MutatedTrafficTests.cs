using System.Buffers.Binary;
using System.Globalization;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.TestKit;
using Xunit.Abstractions;

namespace Loire.Kafka.Tests.Hostile;

/// <summary>
/// Requests of real clients and of the vectors, changed at random. <c>LOIRE_SEED</c> repeats a run, <c>LOIRE_KAFKA_MUTATIONS</c> says how many frames are tried.
/// </summary>
public class MutatedTrafficTests(ITestOutputHelper output)
{
    private const int Frames = 20_000;

    private static readonly int[] Lengths = [0, 1, -1, -2, 127, 128, 0x7fff, 0xffff, 1_000_000, 0x7fffffff, int.MinValue];

    [Fact]
    public void A_mutated_request_is_a_request_that_can_be_written_again_or_malformed()
    {
        var seed = Number("LOIRE_SEED", Random.Shared.Next());
        output.WriteLine($"LOIRE_SEED={seed}");
        var (random, strings, originals) = (new Random(seed), new StringCache(), Requests());
        var decoded = 0;
        for (var left = Number("LOIRE_KAFKA_MUTATIONS", Frames); left > 0; left--)
        {
            var frame = originals[random.Next(originals.Count)];
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                frame = Mutate(frame, originals, random);
            }

            try
            {
                if (Decoding.ReadRequest(frame, strings) is { } request)
                {
                    AssertStable(request.Header, request.Body);
                    decoded++;
                }
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"LOIRE_SEED={seed}, {Convert.ToHexString(frame)}: {exception}");
            }
        }

        output.WriteLine($"{decoded} were requests");
    }

    /// <summary>What was read is written, read and written again: the same bytes.</summary>
    private static void AssertStable(RequestHeader header, IKafkaMessage body)
    {
        var written = MessageBytes.Encode(body, header.Version);
        var again = header.Api.NewRequest();
        var reader = new KafkaReader(written);
        again.Read(ref reader, header.Version);
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(Convert.ToHexString(written), Convert.ToHexString(MessageBytes.Encode(again, header.Version)));
    }

    private static byte[] Mutate(byte[] frame, List<byte[]> others, Random random)
    {
        if (frame.Length == 0)
        {
            return frame;
        }

        var at = random.Next(frame.Length);
        byte[] copy = [.. frame];
        switch (random.Next(7))
        {
            case 0:
                copy[at] ^= (byte)(1 << random.Next(8));
                return copy;
            case 1:
                copy[at] = (byte)random.Next(256);
                return copy;
            case 2:
                return copy[..at];
            case 3 when at + sizeof(int) <= copy.Length:
                BinaryPrimitives.WriteInt32BigEndian(copy.AsSpan(at), Lengths[random.Next(Lengths.Length)]);
                return copy;
            case 4:
                var other = others[random.Next(others.Count)];
                return [.. copy[..at], .. other[Math.Min(at, other.Length)..]];
            case 5:
                return [.. copy[..at], .. copy[random.Next(at + 1)..]];
            default:
                return [.. copy[..at], .. copy[Math.Min(copy.Length, at + random.Next(1, 8))..]];
        }
    }

    private static List<byte[]> Requests()
    {
        List<byte[]> frames = [];
        foreach (var vector in RecordedFrames.MessageFiles.Where(file => file != Messages.HeaderTests.File).SelectMany(RecordedFrames.Vectors))
        {
            if (vector.Message.EndsWith("Request", StringComparison.Ordinal))
            {
                var header = new RequestHeader(KafkaApi.Of(Enum.Parse<ApiKey>(vector.Message[..^"Request".Length])), vector.Version, 1, "client");
                using var frame = OutgoingFrame.Request(header, new JsonMessage(vector.Message, vector.Body));
                frames.Add(frame.ToArray()[sizeof(int)..]);
            }
        }

        frames.AddRange(RecordedFrames.CaptureFiles.SelectMany(RecordedFrames.Lines)
            .Where(line => line["what"]!.GetValue<string>() == "request" && line["hex"] is not null)
            .Select(line => Convert.FromHexString(line["hex"]!.GetValue<string>())));
        return frames;
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
