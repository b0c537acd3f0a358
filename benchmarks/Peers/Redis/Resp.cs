using System.Buffers.Text;
using System.Text;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks.Redis;

/// <summary>What of Redis' serialization protocol the work needs. Nothing is taken before it is there as a whole.</summary>
internal static class Resp
{
    /// <summary>Takes the simple and bulk strings that are there, and returns how many.</summary>
    public static int TakeReplies(Wire wire)
    {
        var rest = wire.Received;
        var replies = 0;
        var taken = 0;
        while (true)
        {
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                break;
            }

            var size = end + 1;
            if (rest[0] == '$')
            {
                Utf8Parser.TryParse(rest[1..end], out int length, out _);
                size += length + 2;
            }
            else if (rest[0] != '+')
            {
                throw new InvalidDataException($"Redis answered {Encoding.UTF8.GetString(rest[..end])}");
            }

            if (rest.Length < size)
            {
                break;
            }

            replies++;
            taken += size;
            rest = rest[size..];
        }

        wire.Take(taken);
        return replies;
    }

    public static bool TryTakeArray(Wire wire, out int length)
    {
        length = 0;
        if (!wire.TryTakeLine(out var line))
        {
            return false;
        }

        return line.Length > 1 && line[0] == '*' && Utf8Parser.TryParse(line[1..], out length, out _)
            ? true
            : throw new InvalidDataException($"Redis answered {Encoding.UTF8.GetString(line)}");
    }

    /// <summary>Takes an entry of a stream with one field: an array of the id and an array of the field's name and its value.</summary>
    public static bool TryTakeEntry(Wire wire, Tally tally, bool isLast, ref string from)
    {
        var received = wire.Received;
        var rest = received;
        if (!TrySkipLine(ref rest) || !TryReadBulk(ref rest, out var id) || !TrySkipLine(ref rest) || !TryReadBulk(ref rest, out _)
            || !TryReadBulk(ref rest, out var value))
        {
            return false;
        }

        tally.Add(value);
        if (isLast)
        {
            from = "(" + Encoding.ASCII.GetString(id);
        }

        wire.Take(received.Length - rest.Length);
        return true;
    }

    private static bool TrySkipLine(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)'\n');
        rest = rest[(end + 1)..];
        return end >= 0;
    }

    private static bool TryReadBulk(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        var end = rest.IndexOf((byte)'\n');
        if (end < 0 || !Utf8Parser.TryParse(rest[1..end], out int length, out _) || rest.Length < end + 1 + length + 2)
        {
            return false;
        }

        bytes = rest.Slice(end + 1, length);
        rest = rest[(end + 1 + length + 2)..];
        return true;
    }
}
