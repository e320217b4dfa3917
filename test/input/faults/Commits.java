import java.io.StringReader;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.PGConnection;

/** Commits the numbers 1 to 4 by JDBC in the way that its argument names; says each one that it was told of. */
public final class Commits {
  private static final String INSERT = "INSERT INTO done (n) VALUES (?)";

  /** After its fifth use the driver keeps a statement in the server, and sends no more than its values. */
  private static final int USES = 6;

  public static void main(String[] args) throws Exception {
    String way = args[0];
    try (Connection connection = open(way);
        PreparedStatement insert = connection.prepareStatement(INSERT)) {
      connection.setAutoCommit(false);
      if (way.equals("prepared")) {
        for (int use = 0; use < USES; use++) insert(insert, -1);
        connection.rollback();
      }
      connection.setAutoCommit(!way.equals("transaction") && !way.equals("rewritten"));
      for (int n = 1; n <= 4; n++) {
        commit(way, connection, insert, n);
        System.out.println("told " + n);
      }
    }
  }

  private static void commit(String way, Connection connection, PreparedStatement insert, int n) throws Exception {
    switch (way) {
      case "transaction" -> {
        insert(insert, -n);
        connection.rollback();
        insert(insert, n);
        connection.commit();
      }
      case "batch", "rewritten" -> {
        for (int value : new int[] {n, 10 + n, 20 + n, 30 + n}) {
          insert.setInt(1, value);
          insert.addBatch();
        }
        insert.executeBatch();
        if (way.equals("rewritten")) connection.commit();
      }
      case "copy" ->
          connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY done (n) FROM STDIN", new StringReader(n + "\n"));
      default -> insert(insert, n);
    }
  }

  private static void insert(PreparedStatement insert, int n) throws SQLException {
    insert.setInt(1, n);
    insert.executeUpdate();
  }

  /** The address is given as other clients take it; this one wants name and password by themselves. */
  private static Connection open(String way) throws SQLException {
    URI url = URI.create(System.getenv("DATABASE_URL"));
    String[] user = url.getUserInfo().split(":", 2);
    Properties settings = new Properties();
    settings.setProperty("user", user[0]);
    settings.setProperty("password", user[1]);
    settings.setProperty("reWriteBatchedInserts", String.valueOf(way.equals("rewritten")));
    return DriverManager.getConnection("jdbc:postgresql://" + url.getAuthority().split("@")[1] + url.getPath(), settings);
  }
}
