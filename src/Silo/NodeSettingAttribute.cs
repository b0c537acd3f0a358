using System.ComponentModel;

namespace Loire.Silo;

/// <summary>Names a property of <see cref="NodeOptions"/> on the command line, in the environment and in appsettings.json.</summary>
/// <param name="name">The name on the command line, without leading dashes, and in the section <c>Loire</c> of appsettings.json.</param>
/// <param name="valueName">Placeholder for the value in <c>--help</c>; null for a flag.</param>
/// <param name="meaning">Explains the option in <c>--help</c>, its default in brackets.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NodeSettingAttribute(string name, string? valueName, string meaning) : Attribute
{
    public string Name => name;

    public string? ValueName => valueName;

    public string Meaning => meaning;

    /// <summary>The values that the option accepts, completing the sentence "NAME must be ...".</summary>
    public required string Expected { get; init; }

    /// <summary>A standard environment variable that other programs also read; <see cref="Variable"/> overrides it.</summary>
    public string? StandardVariable { get; init; }

    /// <summary>The environment variable.</summary>
    public string Variable => "LOIRE_" + name.Replace('-', '_').ToUpperInvariant();
}

/// <summary>A bindable property of <see cref="NodeOptions"/>.</summary>
internal sealed record NodeSetting(NodeSettingAttribute Declaration, PropertyDescriptor Property)
{
    /// <summary>Whether it has several values: separated by ';', or on the command line each as an option of its own.</summary>
    public bool IsList => Property.PropertyType != typeof(string) && typeof(System.Collections.IEnumerable).IsAssignableFrom(Property.PropertyType);

    /// <summary>All settings, in declaration order.</summary>
    public static IReadOnlyList<NodeSetting> All { get; } =
    [
        .. from property in TypeDescriptor.GetProperties(typeof(NodeOptions)).Cast<PropertyDescriptor>()
           let declaration = property.Attributes.OfType<NodeSettingAttribute>().SingleOrDefault()
           where declaration is not null
           select new NodeSetting(declaration, property),
    ];
}
