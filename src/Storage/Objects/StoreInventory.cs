using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// The files in the directory of a store, compared with those that should exist according to the headers of store files and the checkpoint.
/// </summary>
internal sealed class StoreInventory
{
    private StoreInventory()
    {
    }

    /// <summary>The identity of the store; null if there is no store yet.</summary>
    public Guid? Store { get; private set; }

    /// <summary>The store files that exist.</summary>
    public SortedDictionary<int, IStoreFile> Present { get; } = [];

    /// <summary>The valid headers of the store files.</summary>
    public SortedDictionary<int, FileHeader> Headers { get; } = [];

    /// <summary>The end of a file's records, if a newer file's header has it.</summary>
    public Dictionary<int, long> Ends { get; } = [];

    /// <summary>The files that should exist.</summary>
    public SortedSet<int> Expected { get; } = [];

    /// <summary>The retired files that still exist because their deletion was interrupted.</summary>
    public List<int> GivenUp { get; } = [];

    /// <summary>The number of the newest file that exists; 0 if there is none.</summary>
    public int Newest => Present.Count == 0 ? 0 : Present.Keys.Last();

    /// <exception cref="InvalidDataException">The files do not belong together, or none identifies the store.</exception>
    public static StoreInventory Take(IStoreDirectory directory, CheckpointHeader? checkpoint)
    {
        var inventory = new StoreInventory { Store = checkpoint?.Store };
        try
        {
            inventory.ReadHeaders(directory);
            inventory.FindIdentity(directory);
            inventory.Compare(checkpoint);
            return inventory;
        }
        catch
        {
            foreach (var file in inventory.Present.Values)
            {
                file.Dispose();
            }

            throw;
        }
    }

    private static FileHeader? TryReadHeader(IStoreFile file)
    {
        var start = new byte[FileHeader.MinimumSize];
        if (file.Read(start, 0) < start.Length || FileHeader.Measure(start) is not (> 0 and var size) || size > file.Length)
        {
            return null;
        }

        var bytes = new byte[size];
        return file.Read(bytes, 0) == size ? FileHeader.TryRead(bytes) : null;
    }

    private void ReadHeaders(IStoreDirectory directory)
    {
        foreach (var name in directory.List())
        {
            if (!FileNames.TryParseStore(name, out var number))
            {
                continue;
            }

            var file = directory.Open(name);
            Present.Add(number, file);
            if (TryReadHeader(file) is not { } header)
            {
                continue;
            }

            Store ??= header.Store;
            if (header.Store != Store || header.Number != number)
            {
                throw new InvalidDataException(
                    $"{name} belongs to another store or was renamed; the directory holds files that do not belong together.");
            }

            Headers.Add(number, header);
        }

        foreach (var header in Headers.Values)
        {
            foreach (var older in header.Older)
            {
                Ends[older.Number] = older.End;
            }
        }
    }

    private void FindIdentity(IStoreDirectory directory)
    {
        var keyFiles = directory.List()
            .Select(name => FileNames.TryParseKeys(name, out var number) ? number : 0)
            .Where(number => number > 0)
            .ToList();
        foreach (var number in keyFiles)
        {
            Store ??= KeyFileReader.TryOpen(directory, number, 0)?.Store;
            if (number > Newest)
            {
                // It is created after its store file is durable, and the newest store file is never retired.
                Expected.Add(number);
            }
        }

        if (Present.Count == 0 && Store is not null && keyFiles.Count > 0)
        {
            throw new InvalidDataException("The store files of this directory are missing; only their files of keys are left.");
        }

        if (Present.Count > 0 && Store is null)
        {
            throw new InvalidDataException(
                "No store file of this directory has a readable header, and nothing else says which store it belongs to.");
        }
    }

    private void Compare(CheckpointHeader? checkpoint)
    {
        var listed = Headers.TryGetValue(Newest, out var newest) ? newest.Older.Select(file => file.Number).ToHashSet() : null;
        var atCheckpoint = checkpoint?.Files.Select(file => file.Number).ToHashSet();
        foreach (var number in Present.Keys)
        {
            var isOmitted = listed is not null && !listed.Contains(number);
            var isGoneBefore = number < checkpoint?.StartFile && !atCheckpoint!.Contains(number);
            if (number != Newest && (isOmitted || isGoneBefore))
            {
                GivenUp.Add(number);
            }
            else
            {
                Expected.Add(number);
            }
        }

        // A listed file that was retired before the checkpoint is not missing.
        Expected.UnionWith((listed ?? []).Where(number => !(number < checkpoint?.StartFile) || atCheckpoint!.Contains(number)));
        Expected.UnionWith((atCheckpoint ?? []).Where(number => listed is null || number >= Newest || listed.Contains(number)));
        if (!Expected.IsSubsetOf(Present.Keys))
        {
            // A header that omits retired files makes their retirement records in older files unnecessary.
            var retired = RetiredOnRecord(listed is null ? checkpoint?.StartFile ?? 0 : Newest);
            Expected.ExceptWith(retired.Where(number => !Present.ContainsKey(number)));
        }
    }

    private HashSet<int> RetiredOnRecord(int firstFile)
    {
        var retired = new HashSet<int>();
        foreach (var (number, disk) in Present.Where(file => file.Key >= firstFile))
        {
            var recordsStart = Headers.TryGetValue(number, out var header) ? header.Size : FileHeader.MinimumSize;
            var scanner = new RecordScanner(disk, FileHeader.Seed(Store!.Value, number), recordsStart, long.MaxValue);
            while (scanner.Next() is not Scanned.End and var found)
            {
                if (found == Scanned.Record && scanner.Header.Kind == RecordKind.Retire)
                {
                    retired.Add((int)scanner.Header.OldestFile);
                }
            }
        }

        return retired;
    }
}
