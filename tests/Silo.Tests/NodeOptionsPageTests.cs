using System.Text;
using Loire.TestKit;

namespace Loire.Silo.Tests;

public sealed class NodeOptionsPageTests
{
    private const string Intro = """
        # Options of a node

        Each is given on the command line (`./run.sh --data DIR`), by an environment variable, or in the section `Loire` of `./appsettings.json`, by the name that the
        command line has (`"Loire": { "data": "DIR" }`). The command line goes before the environment, and that before the file. What has several values takes them separated by `;`, and on
        the command line also as an option for each. A value that is not allowed, and an option that does not exist, end the start with one line that says so. A host that embeds a node
        (`AddLoireNode`) sets the same as properties of `NodeOptions`.

        | option | variable | meaning (default) | allowed |
        |---|---|---|---|

        """;

    [Fact]
    public void The_page_of_options_is_that_of_the_settings()
    {
        var page = new StringBuilder(Intro);
        foreach (var setting in NodeSetting.All.Select(setting => setting.Declaration))
        {
            var value = setting.ValueName is { } name ? $" {name}" : "";
            var variables = setting.StandardVariable is { } standard ? $"`{setting.Variable}`, `{standard}`" : $"`{setting.Variable}`";
            page.Append($"| `--{setting.Name}{value.Replace("|", "\\|", StringComparison.Ordinal)}` | {variables} | {Cell(setting.Meaning)} | {Cell(setting.Expected)} |\n");
        }

        Assert.Null(ReferencePage.Problem("node-options.md", page.ToString()));
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
