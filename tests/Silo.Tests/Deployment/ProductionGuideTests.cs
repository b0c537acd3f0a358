using System.Text.RegularExpressions;

namespace Loire.Silo.Tests.Deployment;

/// <summary>The guide to production names what there is.</summary>
public sealed partial class ProductionGuideTests
{
    private readonly string _guide = File.ReadAllText(Path.Combine(ManifestTests.Repository(), "docs", "production.md"));

    [Fact]
    public void Every_option_and_variable_that_it_names_exists()
    {
        var known = NodeSetting.All.SelectMany(setting => new[] { "--" + setting.Declaration.Name, setting.Declaration.Variable }).ToHashSet(StringComparer.Ordinal);
        known.UnionWith(["--from-literal", "--from-file", "--older-than", "--topic", "--partition", "--start-offset", "--no-check", "--read-only", "--tmpfs", "LOIRE_CLUSTER_UPGRADE"]);
        var named = Names().Matches(_guide).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
        Assert.True(named.Count > 15, "Nothing was compared.");
        Assert.Subset(known, named);
    }

    [Fact]
    public void Every_metric_that_it_names_is_in_the_list_of_instruments()
    {
        var readme = File.ReadAllText(Path.Combine(ManifestTests.Repository(), "README.md"));
        var named = Metrics().Matches(_guide).Select(match => match.Value).Where(name => name != "`loire.state`").ToList();
        Assert.True(named.Count > 5, "Nothing was compared.");
        Assert.All(named, name => Assert.Contains($"| {name} |", readme, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z0-9-]*|\bLOIRE_[A-Z_]+")]
    private static partial Regex Names();

    [GeneratedRegex(@"`loire\.[a-z.]+`")]
    private static partial Regex Metrics();
}
