using System.Text.Json;
using System.Text.Json.Nodes;
using Loire.Cli.Failures;

namespace Loire.Cli.Contexts;

/// <summary>The named servers, in <c>loire/config.json</c> under XDG_CONFIG_HOME, and the selected one.</summary>
internal sealed class ContextFile
{
    private const int MaxBytes = 1024 * 1024;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly string _path;

    private ContextFile(string path) => _path = path;

    public string? Current { get; set; }

    /// <summary>URLs by name, several of one name separated by commas; sorted by name.</summary>
    public SortedDictionary<string, string> Servers { get; } = new(StringComparer.Ordinal);

    public static string PathFrom(Func<string, string?> environment)
    {
        var root = environment("XDG_CONFIG_HOME");
        if (string.IsNullOrEmpty(root))
        {
            root = Path.Combine(environment("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        }

        return Path.Combine(root, "loire", "config.json");
    }

    /// <summary>Reads the file; an absent one has no contexts.</summary>
    /// <exception cref="CliException">The file cannot be read, or is malformed.</exception>
    public static ContextFile Read(Func<string, string?> environment)
    {
        var file = new ContextFile(PathFrom(environment));
        try
        {
            if (!File.Exists(file._path))
            {
                return file;
            }

            if (new FileInfo(file._path).Length > MaxBytes)
            {
                throw file.Malformed();
            }

            var root = JsonNode.Parse(File.ReadAllText(file._path)) as JsonObject ?? throw file.Malformed();
            file.Current = (string?)root["current"];
            foreach (var (name, server) in root["contexts"]?.AsObject() ?? [])
            {
                file.Servers[name] = (string?)server?["server"] ?? throw file.Malformed();
            }

            return file;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw file.Malformed();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw file.Refused(exception);
        }
    }

    /// <summary>Replaces the file atomically.</summary>
    public void Write()
    {
        var contexts = new JsonObject();
        foreach (var (name, server) in Servers)
        {
            contexts[name] = new JsonObject { ["server"] = server };
        }

        var temporary = $"{_path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            File.WriteAllText(temporary, new JsonObject { ["current"] = Current, ["contexts"] = contexts }.ToJsonString(Indented) + "\n");
            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refused(exception);
        }
    }

    private CliException Malformed() => new(
        ExitCode.Error, "INVALID_CONFIG", $"{_path} is not a file of contexts.",
            "mend or remove it; 'loire context set NAME URL' writes a new one.");

    private CliException Refused(Exception exception) => new(ExitCode.Error, "INVALID_CONFIG", $"{_path}: {exception.Message}");
}
