using Microsoft.Extensions.Options;

namespace Loire.Silo;

/// <summary>
/// Binds <see cref="NodeOptions"/> to the section <c>Loire</c> of appsettings.json, overridden by the environment (<c>LOIRE_DATA</c>), then
/// by the command line; and to Orleans' own section, which none of them may contradict. It binds property by property, because the framework's binder does not report which key it failed to convert or
/// where that key came from.
/// </summary>
internal static class NodeConfiguration
{
    private const string Section = "Loire";

    /// <summary>
    /// Returns valid options, or throws an <see cref="OptionsValidationException"/> with one line about the first problem.
    /// </summary>
    /// <param name="arguments">The settings of the command line, by name.</param>
    /// <param name="environment">Reads an environment variable; null if it is not set.</param>
    /// <param name="file">Path of a configuration file, which need not exist.</param>
    /// <param name="variables">The environment as configuration, for <see cref="OrleansSection"/>, which the file may have too; null for
    /// none.</param>
    public static NodeOptions Bind(
        IReadOnlyDictionary<string, string> arguments, Func<string, string?> environment, string file, IConfiguration? variables = null)
    {
        var own = ReadFile(file);
        var orleans = OrleansSection.Read(WithFile(file, variables), isOnlyForNode: true);
        var section = SourceOf(orleans);
        var sources = new[]
        {
            section,
            new Source(own, name => $"{file}: {Section}:{name}"),
            Environment(environment, setting => setting.StandardVariable),
            Environment(environment, setting => setting.Variable),
            new Source(new ConfigurationBuilder().AddInMemoryCollection(arguments!).Build(), name => $"The option --{name}"),
        };
        var options = new NodeOptions { PropagateTraces = orleans.PropagatesTraces, KafkaEndpoints = [NodeOptions.DefaultKafkaEndpoint] };
        foreach (var setting in NodeSetting.All)
        {
            var name = setting.Declaration.Name;
            if (sources.LastOrDefault(source => source.Values.GetSection(name).Exists()) is { } source)
            {
                if (section.Values[name] is { } other && !other.Equals(source.Values[name], StringComparison.OrdinalIgnoreCase))
                {
                    throw Invalid($"{section.Describe(name)} and {Uncapitalized(source.Describe(name))} contradict each other: keep one of them.");
                }

                BindOne(setting, source, options);
            }
        }

        NodeOptionsValidator.ThrowIfInvalid(options);
        return options;
    }

    /// <summary>Sets what a host's own configuration says of Orleans, before the host's code sets its options.</summary>
    /// <returns>Checks that the host's code contradicts none of it.</returns>
    public static Action BindOrleansSection(IConfiguration configuration, NodeOptions options)
    {
        var orleans = OrleansSection.Read(configuration, isOnlyForNode: false);
        var section = SourceOf(orleans);
        var given = NodeSetting.All.Where(setting => orleans.Settings.ContainsKey(setting.Declaration.Name)).ToArray();
        foreach (var setting in given)
        {
            BindOne(setting, section, options);
        }

        options.PropagateTraces |= orleans.PropagatesTraces;
        var values = Array.ConvertAll(given, setting => setting.Property.GetValue(options));
        return () =>
        {
            foreach (var (setting, value) in given.Zip(values))
            {
                if (!Equals(value, setting.Property.GetValue(options)))
                {
                    var option = $"{nameof(NodeOptions)}.{setting.Property.Name}";
                    throw Invalid($"{section.Describe(setting.Declaration.Name)} and {option} contradict each other: keep one of them.");
                }
            }
        };
    }

    private static Source SourceOf(OrleansSection orleans) => new(
        new ConfigurationBuilder()
            .AddInMemoryCollection(orleans.Settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value.Value))).Build(),
        name => $"The setting {orleans.Settings[name].Key}");

    private static IConfiguration WithFile(string file, IConfiguration? variables)
    {
        var all = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: true);
        return (variables is null ? all : all.AddConfiguration(variables)).Build();
    }

    private static string Uncapitalized(string source) => source.StartsWith("The ", StringComparison.Ordinal) ? "t" + source[1..] : source;

    private static void BindOne(NodeSetting setting, Source source, NodeOptions options)
    {
        var name = setting.Declaration.Name;
        var hint = "";
        try
        {
            setting.Property.SetValue(options, setting.Property.Converter.ConvertFromInvariantString(source.Values[name] ?? ""));
            if (NodeOptionsValidator.IsValid(setting, options))
            {
                return;
            }
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            hint = exception is TlsNotOfferedException ? $"; {exception.Message}" : "";
        }

        throw Invalid($"{source.Describe(name)} must be {setting.Declaration.Expected}{hint}.");
    }

    private static Source Environment(Func<string, string?> environment, Func<NodeSettingAttribute, string?> variableOf)
    {
        var values = from setting in NodeSetting.All
                     let variable = variableOf(setting.Declaration)
                     let text = variable is null ? null : environment(variable)
                     where text is not null
                     select KeyValuePair.Create(setting.Declaration.Name, (string?)text);
        return new Source(
            new ConfigurationBuilder().AddInMemoryCollection(values).Build(),
            name => $"The environment variable {variableOf(NodeSetting.All.First(setting => IsNamed(setting, name)).Declaration)}");
    }

    private static IConfigurationSection ReadFile(string file)
    {
        try
        {
            var section = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: true).Build().GetSection(Section);
            return section.GetChildren().FirstOrDefault(entry => !NodeSetting.All.Any(known => IsNamed(known, entry.Key))) is { } unknown
                ? throw Invalid($"{file} has the unknown setting {unknown.Path}; --help lists the known ones.")
                : section;
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw Invalid($"{file} cannot be read: {(exception.InnerException ?? exception).Message}");
        }
    }

    private static bool IsNamed(NodeSetting setting, string name) =>
        setting.Declaration.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static OptionsValidationException Invalid(string problem) => new(nameof(NodeOptions), typeof(NodeOptions), [problem]);

    private sealed record Source(IConfiguration Values, Func<string, string> Describe);
}
