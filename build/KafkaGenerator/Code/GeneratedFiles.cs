using Loire.KafkaGenerator.Schema;

namespace Loire.KafkaGenerator.Code;

/// <summary>The files that follow from the table.</summary>
public static class GeneratedFiles
{
    private const string MessagesFolder = "Messages";
    private const string ApisFolder = "Apis";

    /// <summary>Path, relative to the folder that holds the table's folder, and text of each file.</summary>
    public static IReadOnlyDictionary<string, string> Of(SchemaTable table)
    {
        SortedDictionary<string, string> files = new(StringComparer.Ordinal);
        foreach (var api in table.Apis)
        {
            files[Path.Combine(MessagesFolder, api.Name + ".g.cs")] = MessageCode.File(api.Request, api.Response);
        }

        foreach (var message in table.Embedded)
        {
            files[Path.Combine(MessagesFolder, message.Name + ".g.cs")] = MessageCode.File(message);
        }

        files[Path.Combine(ApisFolder, "ApiKey.g.cs")] = ApiCode.Keys(table.Apis);
        files[Path.Combine(ApisFolder, "ApiTable.g.cs")] = ApiCode.Table(table.Apis);
        return files;
    }

    /// <summary>The generated files that a folder holds.</summary>
    public static IEnumerable<string> In(string folder) => Directory.EnumerateFiles(folder, "*.g.cs", SearchOption.AllDirectories);
}
