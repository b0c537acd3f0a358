namespace Loire.Log.Objects;

/// <summary>
/// Restores a head with one flipped bit: the one whose checksum and content are right again. A wrong bit passes the checksum with a
/// probability of one in four billion for each that is tried, so the result is good for deleting a log, whose keys it cannot leave, and for an
/// operator to judge; nothing is served from it.
/// </summary>
internal static class HeadCorrection
{
    // Each bit costs one checksum of the whole.
    private const int MaxBytes = 32 * 1024;

    /// <summary>Finds the bit; false if no single one makes the head valid.</summary>
    public static bool TryCorrect(ReadOnlySpan<byte> damaged, uint logTag, out Head head)
    {
        head = Head.None;
        if (damaged.Length > MaxBytes)
        {
            return false;
        }

        var bytes = damaged.ToArray();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flip = (byte)(1 << (bit % 8));
            bytes[bit / 8] ^= flip;
            if (Head.TryRead(bytes, logTag, out head))
            {
                return true;
            }

            bytes[bit / 8] ^= flip;
        }

        return false;
    }
}
