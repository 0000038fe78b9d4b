using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace SyncCluster.Gateway.WebConsole.Keys;

/// <inheritdoc/>
internal sealed class KeyEncryptor(KeyEncryption encryption) : IXmlEncryptor
{
    /// <inheritdoc/>
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        return new(new XElement("key", Convert.ToBase64String(encryption.Encrypt(plain))), typeof(KeyDecryptor));
    }
}

/// <summary>The framework makes one of its name, which is kept with each key.</summary>
internal sealed class KeyDecryptor(IServiceProvider services) : IXmlDecryptor
{
    /// <inheritdoc/>
    public XElement Decrypt(XElement encryptedElement) => XElement.Parse(Encoding.UTF8.GetString(
        services.GetRequiredService<KeyEncryption>().Decrypt(Convert.FromBase64String(encryptedElement.Value))));
}
