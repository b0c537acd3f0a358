using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Loire.Log;
using Loire.Model.Batches;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Loire.Grains.Brokers;

/// <summary>
/// The root in the grain storage of the logs, one object for each key, whose ETag is the version. An object is the checksum of its key and
/// value (CRC-32C, big-endian), then the value.
/// </summary>
internal sealed class StorageClusterRoot([FromKeyedServices(LogStorage.ProviderName)] IGrainStorage storage) : IClusterRoot
{
    private const string StateName = "loire";
    internal const string GrainType = "root";
    private const int ChecksumLength = sizeof(uint);

    public async ValueTask<(ReadOnlyMemory<byte>? Value, string? Version)> ReadAsync(string key)
    {
        try
        {
            var (bytes, version) = await ReadBytesAsync(key);
            if (bytes is null)
            {
                return (null, null);
            }

            return TryValue(key, bytes, out var value) ? (value, version) : throw Damaged(key);
        }
        catch (StorageDamagedException damage)
        {
            throw Damaged(key, damage);
        }
    }

    /// <summary>Reads an object as it is stored, damaged or not, and its version; both are null if there is none.</summary>
    /// <exception cref="StorageDamagedException">The store itself knows that the object is damaged.</exception>
    internal Task<(byte[]? Bytes, string? Version)> ReadBytesAsync(string key) => ReadBytesAsync(key, new GrainState<StoredObject>(new StoredObject()));

    private async Task<(byte[]? Bytes, string? Version)> ReadBytesAsync(string key, GrainState<StoredObject> state)
    {
        await storage.ReadStateAsync(StateName, GrainId.Create(GrainType, key), state);
        if (string.IsNullOrEmpty(state.ETag) && !state.RecordExists)
        {
            return (null, null);
        }

        return (state.State?.Pieces is [var only] ? only.ToArray() : [], state.ETag);
    }

    /// <summary>Takes the value out of an object's bytes; false if they are damaged.</summary>
    internal static bool TryValue(string key, ReadOnlyMemory<byte> bytes, out ReadOnlyMemory<byte> value)
    {
        value = bytes.Length < ChecksumLength ? default : bytes[ChecksumLength..];
        return bytes.Length >= ChecksumLength && BinaryPrimitives.ReadUInt32BigEndian(bytes.Span) == Checksum(key, value.Span);
    }

    /// <summary>Finds the value of an object with one flipped bit; false if the damage is not one flipped bit.</summary>
    internal static bool TryCorrect(string key, ReadOnlyMemory<byte> bytes, out ReadOnlyMemory<byte> value)
    {
        value = default;
        if (bytes.Length < ChecksumLength)
        {
            return false;
        }

        var stored = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span);
        byte[] covered = [.. Encoding.UTF8.GetBytes(key), .. bytes.Span[ChecksumLength..]];
        var keyLength = covered.Length - (bytes.Length - ChecksumLength);
        if (BitOperations.PopCount(Crc32C.Compute(covered) ^ stored) > 1
            && !(BitCorrection.TryCorrect(covered, stored) && covered.AsSpan(0, keyLength).SequenceEqual(Encoding.UTF8.GetBytes(key))))
        {
            return false;
        }

        value = covered.AsMemory(keyLength);
        return true;
    }

    /// <summary>Removes an object if it still has the version; false if it has another one.</summary>
    internal async Task<bool> RemoveAsync(string key, string? version)
    {
        try
        {
            await storage.ClearStateAsync(
                StateName, GrainId.Create(GrainType, key), new GrainState<StoredObject>(new StoredObject()) { ETag = version!, RecordExists = true });
            return true;
        }
        catch (InconsistentStateException)
        {
            return false;
        }
    }

    public async ValueTask<bool> CompareAndSwapAsync(string key, string? version, ReadOnlyMemory<byte> value)
    {
        var checksum = new byte[ChecksumLength];
        BinaryPrimitives.WriteUInt32BigEndian(checksum, Checksum(key, value.Span));
        var state = new GrainState<StoredObject>(new StoredObject { Pieces = [checksum, value] })
        {
            ETag = version!,
            RecordExists = version is not null,
        };
        try
        {
            await storage.WriteStateAsync(StateName, GrainId.Create(GrainType, key), state);
            return true;
        }
        catch (InconsistentStateException)
        {
            return false;
        }
    }

    public async ValueTask<bool> ReplaceDamagedAsync(string key, ReadOnlyMemory<byte> value)
    {
        var state = new GrainState<StoredObject>(new StoredObject());
        try
        {
            var (bytes, version) = await ReadBytesAsync(key, state);
            return bytes is not null && !TryValue(key, bytes, out _) && await CompareAndSwapAsync(key, version, value);
        }
        catch (StorageDamagedException) when (!string.IsNullOrEmpty(state.ETag))
        {
            // A store with checksums of its own tells the version nevertheless.
            return await CompareAndSwapAsync(key, state.ETag, value);
        }
    }

    private static InvalidDataException Damaged(string key, Exception? cause = null) =>
        new($"The object {GrainType}/{key} of the store is damaged.", cause);

    private static uint Checksum(string key, ReadOnlySpan<byte> value) => Crc32C.Compute([.. Encoding.UTF8.GetBytes(key), .. value]);
}
