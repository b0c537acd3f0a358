using System.Buffers.Binary;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Frames;

namespace Loire.Kafka.TestKit;

/// <summary>Requests of real clients and of the vectors, each without its length, and what becomes of them by chance.</summary>
/// <param name="random">Decides.</param>
public sealed class MutatedRequests(Random random)
{
    private static readonly int[] Lengths = [0, 1, -1, -2, 127, 128, 0x7fff, 0xffff, 1_000_000, 0x7fffffff, int.MinValue];

    private readonly List<byte[]> _originals = Requests();

    /// <summary>A request with one to four changes.</summary>
    public byte[] Next()
    {
        var frame = _originals[random.Next(_originals.Count)];
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            frame = Mutate(frame);
        }

        return frame;
    }

    private byte[] Mutate(byte[] frame)
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
                var other = _originals[random.Next(_originals.Count)];
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
        foreach (var vector in RecordedFrames.MessageFiles.Where(file => file != RecordedFrames.HeaderFile).SelectMany(RecordedFrames.Vectors))
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
}
