using System.Net;
using System.Text;

namespace Loire.Silo;

/// <summary>
/// Reads the settings of a node: appsettings.json (section <c>Loire</c>) in the current directory, over it the environment (<c>LOIRE_DATA</c>), over it
/// the command line (<c>--data DIR</c> or <c>--data=DIR</c>). Everything is checked before anything starts, and the first thing that is wrong is one sentence.
/// </summary>
public static class NodeSettings
{
    private const string Section = "Loire";

    /// <summary>Reads the settings.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="environment">Finds a variable of the environment; null where it is not set.</param>
    /// <param name="file">A configuration file, which need not exist.</param>
    /// <param name="options">The options, if nothing is wrong.</param>
    /// <returns>What is wrong, in one sentence; null if nothing is.</returns>
    public static string? TryRead(IReadOnlyList<string> args, Func<string, string?> environment, string file, out NodeOptions options)
    {
        options = new NodeOptions();
        return ReadFile(options, file) ?? ReadEnvironment(options, environment) ?? ReadArguments(options, args) ?? Check(options);
    }

    /// <summary>What <c>--help</c> prints.</summary>
    public static string Help()
    {
        var text = new StringBuilder("Loire: a streaming service with Kafka's semantics, one node.\n\nUsage: ./run.sh [options]\n\n");
        foreach (var setting in NodeSetting.All)
        {
            text.Append($"  --{setting.Name,-17}{setting.Takes,-12}{setting.Meaning}\n");
        }

        return text.Append("  --help                         this text\n  --version                      the version\n\n")
            .Append("Each option may also stand in the environment (LOIRE_DATA for --data) or in ./appsettings.json ({\"Loire\": {\"data\": \"DIR\"}});\n")
            .Append("the command line wins over the environment, and the environment over the file.\n")
            .Append("Exit codes: 0 stopped as asked, 1 could not start or failed, 2 a bad option.\n")
            .ToString();
    }

    private static string? ReadFile(NodeOptions options, string file)
    {
        IConfigurationRoot configuration;
        try
        {
            configuration = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: true).Build();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return $"{file} cannot be read: {(exception.InnerException ?? exception).Message}";
        }

        using (configuration as IDisposable)
        {
            foreach (var entry in configuration.GetSection(Section).GetChildren())
            {
                var setting = NodeSetting.All.FirstOrDefault(known => known.Name.Equals(entry.Key, StringComparison.OrdinalIgnoreCase));
                if (setting is null)
                {
                    return $"{file} has the unknown setting {Section}:{entry.Key}; --help lists the known ones.";
                }

                if (setting.Apply(options, entry.Value ?? "") is { } expected)
                {
                    return $"{file}: {Section}:{setting.Name} must be {expected}.";
                }
            }
        }

        return null;
    }

    private static string? ReadEnvironment(NodeOptions options, Func<string, string?> environment)
    {
        foreach (var setting in NodeSetting.All)
        {
            if (environment(setting.Variable) is { } text && setting.Apply(options, text) is { } expected)
            {
                return $"The environment variable {setting.Variable} must be {expected}.";
            }
        }

        return null;
    }

    private static string? ReadArguments(NodeOptions options, IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? args[i] : args[i][..equals];
            var setting = NodeSetting.All.FirstOrDefault(known => name == "--" + known.Name);
            if (setting is null)
            {
                return $"The option {name} is unknown; --help lists the known ones.";
            }

            string text;
            if (equals >= 0)
            {
                text = args[i][(equals + 1)..];
            }
            else if (setting.Takes is null)
            {
                text = "true";
            }
            else if (++i < args.Count)
            {
                text = args[i];
            }
            else
            {
                return $"The option --{setting.Name} needs a value: {setting.Takes}.";
            }

            if (setting.Apply(options, text) is { } expected)
            {
                return $"The option --{setting.Name} must be {expected}.";
            }
        }

        return null;
    }

    // What no setting can know by itself.
    private static string? Check(NodeOptions options)
    {
        if (!options.Insecure && options.Endpoints.FirstOrDefault(endpoint => !IPAddress.IsLoopback(endpoint.Address)) is { } open)
        {
            return $"{open} can be reached from other machines, and there is no authentication yet: whoever reaches it can read, write and delete everything. "
                + "Say --insecure if that is meant.";
        }

        return options.Storage == StoreKind.Azure && options.AzureConnection is null
            ? "The store azure needs --azure-connection, or LOIRE_AZURE_CONNECTION."
            : null;
    }
}
