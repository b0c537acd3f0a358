using System.Buffers.Binary;
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
    private const string GrainType = "root";
    private const int ChecksumLength = sizeof(uint);

    public async ValueTask<(ReadOnlyMemory<byte>? Value, string? Version)> ReadAsync(string key)
    {
        var state = new GrainState<StoredObject>(new StoredObject());
        try
        {
            await storage.ReadStateAsync(StateName, GrainId.Create(GrainType, key), state);
        }
        catch (StorageDamagedException damage)
        {
            throw Damaged(key, damage);
        }

        if (string.IsNullOrEmpty(state.ETag) && !state.RecordExists)
        {
            return (null, null);
        }

        ReadOnlyMemory<byte> bytes = state.State?.Pieces is [var only] ? only : default;
        return bytes.Length >= ChecksumLength
            && BinaryPrimitives.ReadUInt32BigEndian(bytes.Span) == Checksum(key, bytes.Span[ChecksumLength..])
            ? (bytes[ChecksumLength..], state.ETag)
            : throw Damaged(key);
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

    private static InvalidDataException Damaged(string key, Exception? cause = null) =>
        new($"The object {GrainType}/{key} of the store is damaged.", cause);

    private static uint Checksum(string key, ReadOnlySpan<byte> value) => Crc32C.Compute([.. Encoding.UTF8.GetBytes(key), .. value]);
}
