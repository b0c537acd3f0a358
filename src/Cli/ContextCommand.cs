using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Contexts;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli;

/// <summary><c>loire context</c>: manages named servers.</summary>
internal static class ContextCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "The context's name." };

    public static Command Create(Caller caller) => new("context", "Manages named servers.")
    {
        List(caller), Show(caller), Use(caller), Set(caller), Delete(caller),
    };

    private static Command List(Caller caller)
    {
        var command = new Command("list", "Lists the contexts.") { OutputOption.Instance };
        command.SetAction(parsed =>
        {
            var file = ContextFile.Read(caller.Environment);
            var rows = file.Servers.Select(entry => ToJson(file, entry.Key)).ToList();
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, "name", "server", "current");
            return 0;
        });
        return command;
    }

    private static Command Show(Caller caller)
    {
        var command = new Command("show", "Shows the server that commands use, and why.") { OutputOption.Instance };
        command.SetAction(parsed =>
        {
            var (servers, context) = (parsed.GetValue(GlobalOptions.Server) ?? [], parsed.GetValue(GlobalOptions.Context));
            var addresses = ServerChoice.Choose(servers, context, caller.Environment);
            var reason = servers.Length > 0 ? "--server"
                : context is not null ? $"--context {context}"
                : caller.Environment("LOIRE_SERVER") is { Length: > 0 } ? "LOIRE_SERVER"
                : caller.Environment("LOIRE_CONTEXT") is { Length: > 0 } named ? $"LOIRE_CONTEXT {named}"
                : ContextFile.Read(caller.Environment).Current is { } current ? $"context {current}" : "default";
            var row = new JsonObject
            {
                ["server"] = string.Join(',', addresses),
                ["chosen_by"] = reason,
                ["file"] = ContextFile.PathFrom(caller.Environment),
            };
            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), row, "server", "chosen_by", "file");
            return 0;
        });
        return command;
    }

    private static Command Use(Caller caller)
    {
        var command = new Command("use", "Selects the context to use.") { Name };
        command.SetAction(parsed =>
        {
            var (file, name) = (ContextFile.Read(caller.Environment), parsed.GetRequiredValue(Name));
            file.Current = file.Servers.ContainsKey(name) ? name : throw ServerChoice.Unknown(name);
            file.Write();
            return 0;
        });
        return command;
    }

    private static Command Set(Caller caller)
    {
        var address = new Argument<string>("url") { Description = "The server, as http://host:port; several are separated by commas." };
        var command = new Command("set", "Adds or changes a context; the first one is selected at once.") { Name, address };
        command.SetAction(parsed =>
        {
            var (file, name) = (ContextFile.Read(caller.Environment), parsed.GetRequiredValue(Name));
            file.Servers[name] = string.Join(',', ServerChoice.Parse(parsed.GetRequiredValue(address)));
            file.Current ??= name;
            file.Write();
            return 0;
        });
        return command;
    }

    private static Command Delete(Caller caller)
    {
        var command = new Command("delete", "Removes a context.") { Name, YesOption.Instance };
        command.SetAction(parsed =>
        {
            var (file, name) = (ContextFile.Read(caller.Environment), parsed.GetRequiredValue(Name));
            if (!file.Servers.ContainsKey(name))
            {
                throw ServerChoice.Unknown(name);
            }

            caller.Terminal.Confirm($"Delete context {name}?", parsed.GetValue(YesOption.Instance));
            file.Servers.Remove(name);
            file.Current = file.Current == name ? null : file.Current;
            file.Write();
            return 0;
        });
        return command;
    }

    private static JsonObject ToJson(ContextFile file, string name) =>
        new() { ["name"] = name, ["server"] = file.Servers[name], ["current"] = file.Current == name };
}
