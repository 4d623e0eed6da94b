/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaclasses.h"

static const GEnumValue priorities[] = {
  {SRTLA_PRIORITY_AUTO, "Each packet by what it is", "auto"},
#define PRIORITY(member, name, budget, quantum, length) \
  {SRTLA_CLASS_##member, "All media of the flow is " name, name},
  SRTLA_CLASSES (PRIORITY)
#undef PRIORITY
  {0, NULL, NULL}
};

GType
gst_srtla_priority_get_type (void)
{
  static GType type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstSrtlaPriority",
            priorities));
  return type;
}

const gchar *
gst_srtla_priority_name (gint priority)
{
  return priorities[priority + 1].value_nick;
}

/* Names and descriptions must be static, hence the macros. */
typedef struct
{
  const gchar *name, *nick, *text;
} Words;

static const Words words[GST_SRTLA_CLASS_PROPERTIES] = {
#define CLASS_WORDS(member, name, budget, quantum, length) \
  {"budget-" name, "Budget of class " name, \
   "Microseconds within which a packet of class " name \
   " should leave (0 = no such time)"}, \
  {"quantum-" name, "Quantum of class " name, \
   "Bytes that class " name " gets in a round, against other classes"}, \
  {"queue-" name, "Queue of class " name, \
   "Packets of class " name " among which the earliest deadline is looked for"},
  SRTLA_CLASSES (CLASS_WORDS)
#undef CLASS_WORDS
};

guint
gst_srtla_classes_get (const SrtlaClassSettings * classes, guint index)
{
  const SrtlaClassSettings *class = &classes[index / 3];

  switch (index % 3) {
    case 0:
      return class->budget == SRTLA_TIME_NONE ? 0 : (guint) class->budget;
    case 1:
      return class->quantum;
    default:
      return class->length;
  }
}

void
gst_srtla_classes_set (SrtlaClassSettings * classes, guint index, guint value)
{
  SrtlaClassSettings *class = &classes[index / 3];

  switch (index % 3) {
    case 0:
      class->budget = value == 0 ? SRTLA_TIME_NONE : value;
      break;
    case 1:
      class->quantum = value;
      break;
    default:
      class->length = value;
  }
}

void
gst_srtla_classes_make_properties (GParamSpec ** properties, GParamFlags flags)
{
  static const guint minima[] = { 0, SRTLA_MAX_DATAGRAM, 1 };
  static const guint maxima[] = { GST_SRTLA_BUDGET_MAX, GST_SRTLA_QUANTUM_MAX,
    GST_SRTLA_LENGTH_MAX
  };
  guint i;

  for (i = 0; i < GST_SRTLA_CLASS_PROPERTIES; i++)
    properties[i] = g_param_spec_uint (words[i].name, words[i].nick,
        words[i].text, minima[i % 3], maxima[i % 3],
        gst_srtla_classes_get (srtla_class_defaults, i), flags);
}
