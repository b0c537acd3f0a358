using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.Failures;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli;

/// <summary><c>loire errors</c>: explains Kafka's error codes, without a node.</summary>
internal static class ErrorsCommand
{
    private static readonly string[] Members = ["error_code", "code", "retriable", "detail", "hint"];

    public static Command Create(Caller caller)
    {
        var wanted = new Argument<string>("error") { Description = "The number or the name, such as 3 or UNKNOWN_TOPIC_OR_PARTITION." };
        wanted.CompletionSources.Add(_ => ErrorCodes.All.Select(error => error.Name));
        var explain = new Command("explain", "Explains an error and what to do.") { wanted, OutputOption.Instance };
        explain.SetAction(parsed =>
        {
            var error = Find(parsed.GetRequiredValue(wanted));
            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), ToJson(error), Members);
            return 0;
        });
        var list = new Command("list", "Lists every error.") { OutputOption.Instance };
        list.SetAction(parsed =>
        {
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), [.. ErrorCodes.All.Select(ToJson)], "error_code", "code", "retriable",
                "detail");
            return 0;
        });
        return new Command("errors", "Explains error codes.") { explain, list };
    }

    /// <summary>Finds an error by its number or its name, in the notation of Kafka, Java or C#.</summary>
    public static ErrorDescription Find(string text)
    {
        var plain = text.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        var isNumber = short.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
        return ErrorCodes.All.FirstOrDefault(error => isNumber
                ? (short)error.Code == number
                : error.Name.Replace("_", "", StringComparison.Ordinal).Equals(plain, StringComparison.OrdinalIgnoreCase))
            ?? throw new CliException(
                ExitCode.NotFound, "RESOURCE_NOT_FOUND", $"There is no error '{text}'.", "'loire errors list' shows them all.");
    }

    private static JsonObject ToJson(ErrorDescription error) => new()
    {
        ["error_code"] = (short)error.Code,
        ["code"] = error.Name,
        ["retriable"] = error.Retriable,
        ["detail"] = error.Text,
        ["hint"] = Hints.For(error.Code),
    };
}
