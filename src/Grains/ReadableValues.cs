using System.Collections;
using System.ComponentModel;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace SyncCluster;

/// <summary>
/// Refuses a value that can't be read. Where options are read into a list or a dictionary, the framework leaves an entry out that has such a value, without
/// a word: a user could not log in, or a limit would not hold.
/// </summary>
/// <param name="configuration">The configuration of the process.</param>
/// <param name="section">The section that the options are read from.</param>
internal sealed class ReadableValues<T>(IConfiguration configuration, string section) : IValidateOptions<T>
    where T : class
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(configuration.GetSection(section), typeof(T), result);
        return result.Build();
    }

    private static void Check(IConfigurationSection section, Type type, ValidateOptionsResultBuilder result)
    {
        var scalar = Nullable.GetUnderlyingType(type) ?? type;
        var converter = TypeDescriptor.GetConverter(scalar);
        if (scalar == typeof(string) || converter.CanConvertFrom(typeof(string)))
        {
            if (!string.IsNullOrEmpty(section.Value) && !CanRead(converter, section.Value))
            {
                result.AddError(ReadableValue.Sentence(section.Path, scalar, section.Value));
            }

            return;
        }

        foreach (var child in section.GetChildren())
        {
            if (ChildType(type, child.Key) is { } inner)
            {
                Check(child, inner, result);
            }
        }
    }

    private static bool CanRead(TypeConverter converter, string value)
    {
        try
        {
            converter.ConvertFromInvariantString(value);
            return true;
        }
        catch (Exception unreadable) when (unreadable is FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>The type of an entry or a property; null if there is no such property.</summary>
    private static Type? ChildType(Type type, string key) =>
        typeof(IEnumerable).IsAssignableFrom(type)
            ? type.GetGenericArguments().LastOrDefault()
            : type.GetProperty(key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase)?.PropertyType;
}

/// <summary>What to write in place of a value that can't be read.</summary>
internal static class ReadableValue
{
    public static string Sentence(string key, Type type, string value) => $"{key} must be {Expected(type)}, not `{value}`.";

    private static string Expected(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => string.Join(" or ", Enum.GetNames(type).Select(name => name.ToLowerInvariant())),
        _ when type == typeof(TimeSpan) => "a time such as 00:10:00",
        _ when type == typeof(DateTimeOffset) => "a time such as 2027-01-31T00:00:00Z",
        TypeCode.Boolean => "true or false",
        TypeCode.Int32 or TypeCode.Int64 => "a whole number",
        TypeCode.Double => "a number such as 0.9",
        _ => $"a {type.Name}",
    };
}
