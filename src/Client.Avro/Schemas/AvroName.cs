namespace Loire.Client.Avro;

/// <summary>The name of a record, an enum or a fixed.</summary>
public readonly record struct AvroName
{
    private AvroName(string @namespace, string local) => (Namespace, Local) = (@namespace, local);

    /// <summary>What comes before the last dot; empty if there is nothing.</summary>
    public string Namespace { get; }

    /// <summary>What comes behind the last dot.</summary>
    public string Local { get; }

    /// <summary>Both.</summary>
    public override string ToString() => Namespace.Length == 0 ? Local : $"{Namespace}.{Local}";

    /// <summary>The name that a text means within a namespace: one with a dot is complete, any other belongs to the namespace.</summary>
    /// <exception cref="AvroSchemaException">
    /// A part is empty or has other characters than A-Z, a-z, 0-9 and _, or begins with a digit.
    /// </exception>
    internal static AvroName Of(string text, string enclosing)
    {
        var dot = text.LastIndexOf('.');
        var name = dot < 0 ? new AvroName(enclosing, text) : new AvroName(text[..dot], text[(dot + 1)..]);
        if (!IsWord(name.Local) || !IsNamespace(name.Namespace))
        {
            throw new AvroSchemaException(
                $"'{Shown(text)}' is no name: its parts between dots are letters, digits and _, and do not begin with a digit.");
        }

        return name;
    }

    /// <summary>Whether a text is a name without dots, as fields and symbols have.</summary>
    internal static bool IsWord(string text) => text.Length > 0 && !char.IsAsciiDigit(text[0])
        && text.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');

    internal static bool IsNamespace(string text) => text.Length == 0 || text.Split('.').All(IsWord);

    /// <summary>A text of any length and any characters as a part of an error's message.</summary>
    internal static string Shown(string text) =>
        string.Concat(text.Take(100).Select(character => char.IsControl(character) ? '?' : character)) + (text.Length > 100 ? "…" : "");
}
