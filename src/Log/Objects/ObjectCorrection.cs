using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// Restores an immutable object with one flipped bit from its own checksums. A wrong bit passes with a probability of one in four billion for
/// each that is tried, so it is good for an operator's repair.
/// </summary>
internal static class ObjectCorrection
{
    // Before the body lie the header and an index of a few kilobytes. Each bit there costs one checksum of them.
    private const int MaxPrefixBytes = 32 * 1024;

    /// <summary>Flips the one bit that makes the object valid; false, and nothing changed, if none does.</summary>
    public static bool TryCorrect(byte[] bytes, uint logTag)
    {
        if (ObjectHeader.TryRead(bytes, logTag, out var header))
        {
            return bytes.Length - header.PrefixBytes == header.BodyBytes
                && BitCorrection.TryCorrect(bytes.AsSpan(header.PrefixBytes), header.BodyCrc)
                && LogObject.TryRead(bytes, logTag, null, out _);
        }

        for (var bit = 0; bit < Math.Min(bytes.Length, MaxPrefixBytes) * 8; bit++)
        {
            var flip = (byte)(1 << (bit % 8));
            bytes[bit / 8] ^= flip;
            if (ObjectHeader.TryRead(bytes, logTag, out _) && LogObject.TryRead(bytes, logTag, null, out _))
            {
                return true;
            }

            bytes[bit / 8] ^= flip;
        }

        return false;
    }
}
