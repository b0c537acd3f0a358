using System.Text;
using System.Text.RegularExpressions;
using Loire.Log.Audits;
using Loire.Model.Batches;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Repair;

/// <summary>
/// Inspects a file store that no node has open, and repairs it if its operator agrees. It holds the store's lock until it is disposed of.
/// Inspecting reads every object and changes nothing that opening the store would not change.
/// </summary>
public sealed partial class FileStoreRepair : IAsyncDisposable
{
    // Whose brokers register again.
    private const string RegistryKey = "|root/brokers";

    // Removed, it would begin again with ids that producers have.
    private const string ProducerIdsKey = "|root/producer-ids";

    private readonly FileGrainStorage _storage;
    private readonly Dictionary<StoreFinding, List<Step>> _steps = [];

    private FileStoreRepair(FileGrainStorage storage) => _storage = storage;

    /// <summary>A change of one object: its new bytes, or null for its removal.</summary>
    private readonly record struct Step(byte[] Key, ulong Sequence, byte[]? Value);

    /// <summary>The open store.</summary>
    public FileGrainStorage Store => _storage;

    /// <summary>How many objects the store has.</summary>
    public int Objects { get; private set; }

    /// <summary>The damage, in no order; empty if the store is sound.</summary>
    public IReadOnlyCollection<StoreFinding> Findings => _steps.Keys;

    /// <summary>Opens a store and inspects it.</summary>
    /// <param name="directory">The directory of the store, which exists.</param>
    /// <param name="logger">Receives what opening the store finds.</param>
    /// <exception cref="IOException">Another process has the store open, or the directory cannot be used.</exception>
    /// <exception cref="InvalidDataException">The directory holds files that do not belong together.</exception>
    public static async Task<FileStoreRepair> OpenAsync(string directory, ILogger logger)
    {
        var storage = await FileGrainStorage.OpenAsync(new FileStoreOptions { Directory = directory }, TimeProvider.System, logger);
        return await InspectAsync(storage);
    }

    /// <summary>Repairs what <see cref="Findings"/> lists, and makes it durable.</summary>
    public async Task ApplyAsync()
    {
        // First: until losses are accepted, the store refuses objects that may be affected.
        lock (_storage.Objects.Gate)
        {
            _storage.Objects.UnknownBefore = default;
        }

        foreach (var step in _steps.Values.SelectMany(steps => steps))
        {
            await _storage.ReplaceAsync(step.Key, step.Sequence, step.Value);
        }

        await _storage.MaintainAsync();
    }

    /// <summary>Closes the store.</summary>
    public ValueTask DisposeAsync() => _storage.DisposeAsync();

    /// <summary>Inspects an open store, which the result disposes of.</summary>
    internal static async Task<FileStoreRepair> InspectAsync(FileGrainStorage storage)
    {
        var repair = new FileStoreRepair(storage);
        await Task.Run(repair.Inspect);
        return repair;
    }

    // A log whose name is used again has an incarnation in its keys.
    [GeneratedRegex("^(head|([0-9a-f]{32}/)?(chunk/[0-9]+|part/[0-9]+-[0-9]+))$")]
    private static partial Regex ObjectOfLog();

    private static string Text(byte[] key) => Encoding.UTF8.GetString(key).Replace('\0', '|');

    private void Inspect()
    {
        var objects = ListObjects();
        Objects = objects.Count;
        if (_storage.Health.HasUnknownLosses)
        {
            _steps.Add(new StoreFinding(RepairAction.AcceptLosses, "", 0, 0), []);
        }

        foreach (var (key, entry) in objects)
        {
            if (_storage.ReadUnverified(key, entry) is not { } damaged)
            {
                continue;
            }

            if (damaged.Length == entry.Length && BitCorrection.TryCorrect(damaged, entry.Crc))
            {
                _steps.Add(new StoreFinding(RepairAction.Restore, Text(key), 0, 0), [new Step(key, entry.Sequence, damaged)]);
            }
            else if (Text(key).EndsWith("/head", StringComparison.Ordinal))
            {
                GiveUpLog(Text(key), objects);
            }
            else if (Text(key).EndsWith(RegistryKey, StringComparison.Ordinal))
            {
                _steps.Add(new StoreFinding(RepairAction.Remove, Text(key), 1, entry.Length), [new Step(key, entry.Sequence, null)]);
            }
            else if (Text(key).EndsWith(ProducerIdsKey, StringComparison.Ordinal))
            {
                _steps.Add(new StoreFinding(RepairAction.Renewed, Text(key), 0, 0), []);
            }
            else
            {
                _steps.Add(new StoreFinding(RepairAction.Leave, Text(key), 1, entry.Length), []);
            }
        }
    }

    private void GiveUpLog(string head, List<(byte[] Key, ObjectEntry Entry)> objects)
    {
        var prefix = head[..^"head".Length];
        var removed = objects.Where(found => Text(found.Key) is var text
            && text.StartsWith(prefix, StringComparison.Ordinal) && ObjectOfLog().IsMatch(text[prefix.Length..])).ToList();
        var finding = new StoreFinding(RepairAction.RemoveLog, head, removed.Count, removed.Sum(found => (long)found.Entry.Length));

        // The head last: without it, what is left of an interrupted repair would belong to no log.
        _steps.Add(finding, [.. removed.OrderBy(found => Text(found.Key) == head)
            .Select(found => new Step(found.Key, found.Entry.Sequence, null))]);
    }

    private List<(byte[] Key, ObjectEntry Entry)> ListObjects()
    {
        var objects = new List<(byte[], ObjectEntry)>();
        lock (_storage.Objects.Gate)
        {
            for (var slot = 0; slot < _storage.Objects.Index.SlotCount; slot++)
            {
                if (_storage.Objects.Index.TryRead(slot, out var key, out var entry))
                {
                    objects.Add((key.ToArray(), entry));
                }
            }
        }

        return objects;
    }
}
