using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Removes a store file without live records, and its file of keys.</summary>
internal static class FileRemoval
{
    /// <summary>Removes both if they exist. Durable only after the directory's sync.</summary>
    public static void Delete(IStoreDirectory directory, int number)
    {
        var names = directory.List();
        foreach (var name in (string[])[FileNames.Keys(number), FileNames.Store(number)])
        {
            if (names.Contains(name))
            {
                directory.Delete(name);
            }
        }
    }
}
