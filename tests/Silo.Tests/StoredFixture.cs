using System.IO.Compression;
using System.Text.Json;
using Azure.Storage.Blobs;

namespace Loire.Silo.Tests;

/// <summary>A store that an earlier build wrote, and its manifest: what that build itself read from it.</summary>
internal static class StoredFixture
{
    private static readonly JsonSerializerOptions _snakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static StoredManifest Manifest(string name) =>
        JsonSerializer.Deserialize<StoredManifest>(File.ReadAllBytes(PathOf(name + ".json")), _snakeCase)!;

    /// <summary>Lays the files of a file store into a directory.</summary>
    public static void ExtractTo(string name, string directory) => ZipFile.ExtractToDirectory(PathOf(name + ".zip"), directory);

    /// <summary>Puts the blobs of a container into another one.</summary>
    public static async Task UploadAsync(string name, BlobContainerClient container)
    {
        using var archive = ZipFile.OpenRead(PathOf(name + ".zip"));
        foreach (var entry in archive.Entries)
        {
            await using var content = entry.Open();
            await container.UploadBlobAsync(entry.FullName, await BinaryData.FromStreamAsync(content));
        }
    }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Fixtures", file);
}

/// <summary>Everything that a store holds.</summary>
internal sealed record StoredManifest(StoredTopic[] Topics, StoredGroup[] Groups);

/// <summary>A topic.</summary>
/// <param name="TopicName">Its name.</param>
/// <param name="TopicId">Which creation of that name it is.</param>
/// <param name="PartitionsCount">How many partitions it has.</param>
/// <param name="Configs">The settings that are not the defaults.</param>
/// <param name="Partitions">All partitions; of an internal topic those that have records.</param>
internal sealed record StoredTopic(
    string TopicName, string TopicId, int PartitionsCount, Dictionary<string, string> Configs, StoredPartition[] Partitions)
{
    /// <summary>Whether the node itself may append to it at any time.</summary>
    public bool IsInternal => TopicName.StartsWith("__", StringComparison.Ordinal);
}

/// <summary>A partition.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="LogStartOffset">The first offset.</param>
/// <param name="LogEndOffset">The next offset.</param>
/// <param name="BatchBytes">Bytes of all record batches.</param>
/// <param name="Sha256">The digest of all record batches, in hexadecimal digits.</param>
/// <param name="Times">The answers to some searches by time.</param>
/// <param name="Records">Some records as they are shown in JSON.</param>
internal sealed record StoredPartition(
    int Partition, long LogStartOffset, long LogEndOffset, int BatchBytes, string Sha256, StoredTime[] Times, JsonElement[] Records);

/// <summary>The first record at or after a moment.</summary>
internal sealed record StoredTime(long At, long? Offset, long? Timestamp);

/// <summary>A group as it is described, and its committed offsets without the lag.</summary>
internal sealed record StoredGroup(JsonElement Description, JsonElement[] Offsets);
