namespace Loire.Grains.Brokers;

/// <summary>
/// The few values above everything else in a cluster, each changed by compare-and-swap: small, and written only when brokers come and go or take a
/// block of producer ids. Of two concurrent changes of a value one is refused, whichever silos they come from.
/// </summary>
public interface IClusterRoot
{
    /// <summary>Reads a value and its version; both are null if there is none.</summary>
    /// <param name="key">The name of the value.</param>
    /// <exception cref="InvalidDataException">The stored bytes are damaged.</exception>
    ValueTask<(ReadOnlyMemory<byte>? Value, string? Version)> ReadAsync(string key);

    /// <summary>
    /// Replaces a value if it still has the version; false if it has another one. With a client of storage that tries again by itself, the other
    /// version may be the caller's own. After an exception the outcome is unknown.
    /// </summary>
    /// <param name="key">The name of the value.</param>
    /// <param name="version">The version that was read; null for a value that does not exist.</param>
    /// <param name="value">The new value.</param>
    ValueTask<bool> CompareAndSwapAsync(string key, string? version, ReadOnlyMemory<byte> value);

    /// <summary>
    /// Replaces a value whose stored bytes are damaged, if it still has the version that they were found with; false if it has another one, or is not
    /// damaged. After an exception the outcome is unknown.
    /// </summary>
    /// <param name="key">The name of the value.</param>
    /// <param name="value">The new value.</param>
    ValueTask<bool> ReplaceDamagedAsync(string key, ReadOnlyMemory<byte> value);
}
