using System.CommandLine;
using System.CommandLine.Parsing;

namespace Loire.Cli.CommandLine;

/// <summary>What is wrong with a command line, in one sentence without names of .NET types.</summary>
internal static class ParseProblem
{
    public static string Describe(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            return $"'{unknown}' is not known here.";
        }

        var error = parsed.Errors[0];
        return error.SymbolResult is OptionResult { Option: var option, Tokens: [.., var value] } && Expected(option.ValueType) is { } expected
            && error.Message.Contains("as expected type", StringComparison.Ordinal)
            ? $"{option.Name} must be {expected}, not '{value.Value}'."
            : error.Message;
    }

    private static string? Expected(Type type)
    {
        var element = type.IsArray ? type.GetElementType()! : type;
        return Type.GetTypeCode(Nullable.GetUnderlyingType(element) ?? element) switch
        {
            TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64 => "a whole number",
            TypeCode.Double => "a number",
            TypeCode.Boolean => "true or false",
            _ => null,
        };
    }
}
