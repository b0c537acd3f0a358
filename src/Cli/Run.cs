using System.CommandLine;
using System.CommandLine.Invocation;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;

namespace Loire.Cli;

/// <summary>Runs one command line and returns its exit code.</summary>
internal static class Run
{
    public static async Task<int> CommandAsync(string[] args, Caller caller, CancellationToken interrupted)
    {
        var terminal = caller.Terminal;
        try
        {
            // A word that begins with '@' is an ordinary value, not a response file.
            var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null };
            var parsed = LoireCommand.Create(caller).Parse(KcatArguments.Expand(args), configuration);
            if (parsed.Action is ParseErrorAction)
            {
                throw CliException.Usage(
                    ParseProblem.Describe(parsed), $"'{Path(parsed)} --help' shows how.");
            }

            terminal.IsQuiet = parsed.GetValue(GlobalOptions.Quiet);
            terminal.IsVerbose = parsed.GetValue(GlobalOptions.Verbose);
            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Error = terminal.Error,
            };
            return await parsed.InvokeAsync(invocation, interrupted);
        }
        catch (OutputClosedException)
        {
            return (int)ExitCode.Ok;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return (int)ExitCode.Ok;
        }
        catch (CliException exception)
        {
            terminal.Error.WriteLine(exception.Line);
            return (int)exception.Exit;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            terminal.Error.WriteLine(new CliException(ExitCode.Error, "IO_ERROR", exception.Message).Line);
            return (int)ExitCode.Error;
        }
        catch (Exception exception)
        {
            // A bug: still one line, with what a bug report needs.
            terminal.Error.WriteLine(
                new CliException(ExitCode.Error, "INTERNAL_ERROR", $"{exception.GetType().Name}: {exception.Message}").Line);
            return (int)ExitCode.Error;
        }
    }

    private static string Path(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is System.CommandLine.Parsing.CommandResult { Command: var command })
            {
                names.Insert(0, command is RootCommand ? "loire" : command.Name);
            }
        }

        return string.Join(' ', names);
    }
}
