using Loire.Cli.Contexts;

namespace Loire.Cli.Tests;

public class ContextTests
{
    [Fact]
    public async Task The_command_line_takes_precedence_over_the_environment_and_that_over_the_file()
    {
        using var shell = new Shell();
        Assert.Contains("default", (await shell.RunAsync("context", "show")).Output, StringComparison.Ordinal);
        (await shell.RunAsync("context", "set", "local", "127.0.0.1:1")).AssertOk();
        (await shell.RunAsync("context", "set", "prod", "https://prod:2/base")).AssertOk();

        Assert.Equal("http://127.0.0.1:1/", await ServerAsync(shell));
        (await shell.RunAsync("context", "use", "prod")).AssertOk();
        Assert.Equal("https://prod:2/base/", await ServerAsync(shell));
        shell.Environment["LOIRE_CONTEXT"] = "local";
        Assert.Equal("http://127.0.0.1:1/", await ServerAsync(shell));
        shell.Environment["LOIRE_SERVER"] = "http://env:3";
        Assert.Equal("http://env:3/", await ServerAsync(shell));
        Assert.Equal("https://prod:2/base/", await ServerAsync(shell, "--context", "prod"));
        Assert.Equal("http://arg:4/", await ServerAsync(shell, "--context", "prod", "--server", "arg:4"));
    }

    [Fact]
    public async Task An_absent_context_is_not_found_and_an_invalid_address_is_a_usage_error()
    {
        using var shell = new Shell();
        (await shell.RunAsync("context", "use", "x")).AssertFailed(3, "RESOURCE_NOT_FOUND");
        (await shell.RunAsync("context", "delete", "x", "--yes")).AssertFailed(3, "RESOURCE_NOT_FOUND");
        (await shell.RunAsync("topic", "list", "--context", "x")).AssertFailed(3, "RESOURCE_NOT_FOUND");
        (await shell.RunAsync("context", "set", "x", "ftp://host")).AssertFailed(2, "USAGE");
        (await shell.RunAsync("context", "set", "x", "http://")).AssertFailed(2, "USAGE");
    }

    [Fact]
    public async Task Deleting_the_context_in_use_leaves_none_in_use()
    {
        using var shell = new Shell();
        (await shell.RunAsync("context", "set", "a", "a:1")).AssertOk();
        (await shell.RunAsync("context", "delete", "a")).AssertFailed(2, "USAGE");
        (await shell.RunAsync("context", "delete", "a", "--yes")).AssertOk();
        Assert.Equal("[]\n", (await shell.RunAsync("context", "list", "-o", "json")).AssertOk().Output);
        Assert.Equal(ServerChoice.Default + "/", await ServerAsync(shell));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"contexts\":{\"a\":{}}}")]
    [InlineData("{\"contexts\":[1]}")]
    [InlineData("{\"current\":5}")]
    public async Task A_damaged_file_is_reported_and_kept(string content)
    {
        using var shell = new Shell();
        Directory.CreateDirectory(Path.GetDirectoryName(shell.ConfigFile)!);
        await File.WriteAllTextAsync(shell.ConfigFile, content);
        var outcome = await shell.RunAsync("context", "set", "b", "b:1");
        outcome.AssertFailed(1, "INVALID_CONFIG");
        Assert.Contains(shell.ConfigFile, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(shell.ConfigFile));
    }

    private static async Task<string> ServerAsync(Shell shell, params string[] options)
    {
        var shown = (await shell.RunAsync(["context", "show", "-o", "ndjson", .. options])).AssertOk();
        return (string)System.Text.Json.Nodes.JsonNode.Parse(shown.Output)!["server"]!;
    }
}
