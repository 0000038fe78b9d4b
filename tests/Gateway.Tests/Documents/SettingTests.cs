using System.ComponentModel;
using System.Reflection;
using System.Text.RegularExpressions;

namespace SyncCluster.Gateway.Tests.Documents;

/// <summary>The document about settings, against the options classes that read them.</summary>
public sealed partial class SettingTests
{
    /// <summary>Settings of the framework, or read without a class.</summary>
    private static readonly string[] WithoutClass = ["urls", "Executor", "Proxy:Known:N", "Secrets:Folder", "Logging:LogLevel:CATEGORY"];

    private static readonly Dictionary<string, Setting> Settings = Repository.Read("docs/configuration.md").TableRows
        .Where(row => row.Length > 1 && row[0].StartsWith('`'))
        .ToDictionary(row => row[0].Trim('`'), row => new Setting(row[0].Trim('`'), row[1]));

    private static readonly Dictionary<string, Property> Properties = Assemblies().SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.GetField("Section") is { IsLiteral: true })
        .SelectMany(type => PropertiesOf((string)type.GetField("Section")!.GetRawConstantValue()!, type))
        .ToDictionary(property => property.Key);

    [Fact]
    public void Every_setting_that_is_read_is_documented() => Assert.Empty(Properties.Keys.Except(Settings.Keys.Select(Generic)));

    [Fact]
    public void Every_setting_that_is_documented_is_read() =>
        Assert.DoesNotContain(Settings.Keys.Except(WithoutClass), key => !Properties.ContainsKey(Generic(key)));

    [Fact]
    public void Every_default_is_the_one_of_its_class()
    {
        var compared = Settings.Values.Where(setting => setting.Default is not null && Properties.ContainsKey(Generic(setting.Key))).ToArray();
        Assert.InRange(compared.Length, 15, Settings.Count);
        Assert.All(compared, setting =>
        {
            var property = Properties[Generic(setting.Key)];
            var type = Nullable.GetUnderlyingType(property.Type) ?? property.Type;
            var documented = TypeDescriptor.GetConverter(type).ConvertFromInvariantString(setting.Default!);
            Assert.Equal((setting.Key, property.Default), (setting.Key, documented));
        });
    }

    /// <summary>Those of both programs.</summary>
    private static IEnumerable<Assembly> Assemblies()
    {
        Assembly[] programs = [Assembly.Load("SyncCluster.Gateway"), Assembly.Load("SyncCluster.Silo")];
        return programs.SelectMany(program => program.GetReferencedAssemblies()).Where(IsOurs).Select(Assembly.Load).Concat(programs).Distinct();
    }

    /// <summary>The settings that are bound to a class, with <c>*</c> for names and numbers.</summary>
    private static IEnumerable<Property> PropertiesOf(string prefix, Type type)
    {
        var instance = Activator.CreateInstance(type);
        return type.GetProperties().Where(property => property.SetMethod?.IsPublic == true)
            .SelectMany(property => PropertiesOf($"{prefix}:{property.Name}", property.PropertyType, property.GetValue(instance)));
    }

    private static IEnumerable<Property> PropertiesOf(string key, Type type, object? value) =>
        ElementOf(type) is { } element ? PropertiesOf($"{key}:*", element, null)
        : IsOurs(type.Assembly.GetName()) && !type.IsEnum ? PropertiesOf(key, type)
        : [new(key, type, value)];

    /// <summary>What a list or a table by name holds; null for a single value.</summary>
    private static Type? ElementOf(Type type) =>
        type.IsArray ? type.GetElementType()
        : type.IsGenericType && type.IsAssignableTo(typeof(System.Collections.ICollection)) ? type.GetGenericArguments()[^1]
        : null;

    private static bool IsOurs(AssemblyName assembly) => assembly.Name!.StartsWith("SyncCluster.", StringComparison.Ordinal);

    private static string Generic(string key) => Placeholder().Replace(key, "*");

    [GeneratedRegex(@"(?<=:)(NAME|CUSTOMER|TASK|N)(?=:|$)")]
    private static partial Regex Placeholder();

    private sealed record Property(string Key, Type Type, object? Default);

    /// <param name="Key">With placeholders for names and numbers.</param>
    /// <param name="DefaultCell">What the document says of its default.</param>
    private sealed partial record Setting(string Key, string DefaultCell)
    {
        /// <summary>The default where the document gives it as a value; null where it gives it in words.</summary>
        public string? Default => Value().Match(DefaultCell) is { Success: true } match ? match.Groups["value"].Value : null;

        [GeneratedRegex(@"^`(?<value>[\w.:/-]+)`( \(.*\)|:.*|;.*)?$")]
        private static partial Regex Value();
    }
}
